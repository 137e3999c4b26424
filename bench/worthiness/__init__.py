"""Training and measuring the claim-worthiness model."""
