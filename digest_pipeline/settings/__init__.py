"""Settings: environment (``DIGEST_*``) over ``digest.toml`` in the home folder over defaults.

Secrets are read from the environment only. A key in ``digest.toml`` that is not a setting is an error, so that a typing
mistake does not pass for a choice. ``load_settings`` is how the rest of the code gets them.
"""

from digest_pipeline.settings.fields import Settings
from digest_pipeline.settings.load import SECRET_FIELDS, load_settings, unknown_variables
from digest_pipeline.settings.places import ENV_PREFIX, home_folder
from digest_pipeline.settings.sections import ScoreWeights

__all__ = [
    "ENV_PREFIX",
    "SECRET_FIELDS",
    "ScoreWeights",
    "Settings",
    "home_folder",
    "load_settings",
    "unknown_variables",
]
