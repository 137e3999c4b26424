"""Advertisements and boilerplate, told by their language, their place, and by what a feed repeats."""
