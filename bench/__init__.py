"""Benchmarks and the training of the claim-worthiness model; nothing here is part of the package."""
