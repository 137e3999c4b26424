"""Stage 5: which five. Components in 0..1 that are stored, a selection that explains itself."""
