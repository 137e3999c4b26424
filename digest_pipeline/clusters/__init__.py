"""Stage 4: themes. Claims of a rolling window are embedded once and clustered each day; a theme keeps its id."""
