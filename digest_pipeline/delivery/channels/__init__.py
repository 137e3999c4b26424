"""How a digest reaches a subscriber: as a mail, or through any service that Apprise knows."""
