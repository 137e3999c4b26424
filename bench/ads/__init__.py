"""Advertisements: labelled episodes, a written corpus, training and figures."""
