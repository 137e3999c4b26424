"""``python -m digest_pipeline.cli`` is ``digest``."""

from digest_pipeline.cli import main

main()
