"""Stage 6: the digest, published once: HTML, Markdown and JSON in the home folder's site."""
