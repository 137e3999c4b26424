"""Search over everything that was said: claims and talk, by words and by meaning."""

from digest_pipeline.search.index import IndexReport, update_index
from digest_pipeline.search.search import search

__all__ = ["IndexReport", "search", "update_index"]
