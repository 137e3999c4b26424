"""Publishers' transcripts: which one is taken, in what formats they come, and what must be put right in them."""
