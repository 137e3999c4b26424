"""Stage 2: what was said. The publisher's transcript when there is a good one, else Whisper; advertisements flagged."""
