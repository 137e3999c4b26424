"""What the transcription stage costs beside its model, and what a crash costs."""
