"""Speech to text: audio in pieces, recognisers here or elsewhere, voices, and guards against what nobody said."""
