"""Scan new podcasts, extract and score what they claim, publish the five insights worth a reader's day.

The package is a plain library: the stages ``feeds``, ``transcripts``, ``claims``, ``clusters``, ``scoring`` and
``publishing`` hold the domain code and never import dagster. ``definitions`` is the composition root that joins them
with the software-defined assets in the top-level package ``assets``.
"""

import os

# onnxruntime, which finds voices for Whisper, otherwise reports its use to its maker: it reads this when it is loaded,
# wherever that happens.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "0.3.0"
