"""Days killed at random moments, and with writes that fail, against one that ran undisturbed."""
