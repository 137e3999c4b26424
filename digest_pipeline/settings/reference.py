"""Every setting explained, from the settings themselves: the ``digest.toml`` that ``digest init`` writes, and the page
``docs/settings.md``.
"""

import sys
from collections.abc import Iterator

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from digest_pipeline.settings.fields import ScoreWeights, Settings
from digest_pipeline.settings.load import SECRET_FIELDS
from digest_pipeline.settings.places import ENV_PREFIX

PAGE_HEAD = """\
# Settings

Each setting can stand in `digest.toml` in the home folder, by its name, or in the environment, where it is written in
capitals after `DIGEST_` (`top_n` is `DIGEST_TOP_N`) and overrides the file. A list is written as JSON in the
environment. Secrets, and where the home folder is, come from the environment alone. `digest init` writes a
`digest.toml` with all of this; this page is made from the same source (`python -m digest_pipeline.settings.reference`).
"""


def settings_template() -> str:
    """``digest.toml`` with every setting at its default, commented out, and what it means; secrets named at its end."""
    lines = ["# Settings of the digest. Remove the # to change one; environment variables DIGEST_* override this file."]
    for name, field in _open_settings():
        lines += ["", f"# {field.description}", f"# {name} = {_toml(field.default)}"]
    lines += ["", "# weights of the score components; only their ratios count", "# [score_weights]"]
    lines += [f"# {name} = {_toml(field.default)}  # {field.description}" for name, field in _weights()]
    lines += ["", "# From the environment only, never in this file:"]
    lines += [f"#   {ENV_PREFIX}{name.upper()}: {field.description}" for name, field in _secrets()]
    return "\n".join(lines) + "\n"


def settings_page() -> str:
    """``docs/settings.md``."""
    lines = [PAGE_HEAD, "| setting | default | meaning |", "|---|---|---|"]
    lines += [f"| `{name}` | `{_toml(field.default)}` | {field.description} |" for name, field in _open_settings()]
    lines += [
        "",
        "In the table `[score_weights]`, or `DIGEST_SCORE_WEIGHTS__NOVELTY` and so on; only their ratios count:",
    ]
    lines += ["", "| weight | default | of |", "|---|---|---|"]
    lines += [f"| `{name}` | {_toml(field.default)} | {field.description} |" for name, field in _weights()]
    lines += ["", "From the environment only:", "", "| variable | meaning |", "|---|---|"]
    lines += [f"| `{ENV_PREFIX}HOME` | {Settings.model_fields['home'].description} |"]
    lines += [f"| `{ENV_PREFIX}{name.upper()}` | {field.description} |" for name, field in _secrets()]
    return "\n".join(lines) + "\n"


def _open_settings() -> Iterator[tuple[str, FieldInfo]]:
    for name, field in Settings.model_fields.items():
        if name not in SECRET_FIELDS and name not in {"home", "score_weights"}:
            yield name, field


def _secrets() -> Iterator[tuple[str, FieldInfo]]:
    return ((name, field) for name, field in Settings.model_fields.items() if name in SECRET_FIELDS)


def _weights() -> Iterator[tuple[str, FieldInfo]]:
    yield from ScoreWeights.model_fields.items()


def _toml(value: object) -> str:
    if value is PydanticUndefined:
        return '""'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{value}"'


if __name__ == "__main__":
    sys.stdout.write(settings_page())
