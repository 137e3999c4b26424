"""Stage 7: a published digest is brought to its subscribers, each by their own channel, at most once."""
