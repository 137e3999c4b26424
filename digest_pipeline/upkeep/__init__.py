"""Upkeep of a home folder: backups, what is kept how long, and what died runs left lying about."""
