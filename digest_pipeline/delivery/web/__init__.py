"""The web service: the site, and the pages on which people subscribe, confirm, vote, change their wishes and leave."""
