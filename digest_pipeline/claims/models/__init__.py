"""What was learnt: the networks and regressions that rate a talk, their weights, and ``MODEL_CARD.md`` on both."""
