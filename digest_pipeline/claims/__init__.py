"""Stage 3: claim candidates. Spans that claim something, each with its verbatim quote, speaker and time."""
