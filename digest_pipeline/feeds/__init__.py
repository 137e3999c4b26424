"""Stage 1: scan the feeds. What is new, which day takes it, and which episode it is."""
