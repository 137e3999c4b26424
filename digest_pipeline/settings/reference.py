"""Every setting explained, from the settings themselves: the ``digest.toml`` that ``digest init`` writes, and the page
``docs/settings.md``.
"""

import sys
from collections.abc import Iterator

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from digest_pipeline.settings.fields import Settings
from digest_pipeline.settings.load import SECRET_FIELDS
from digest_pipeline.settings.places import ENV_PREFIX, Places
from digest_pipeline.settings.sections import ScoreWeights

SECTIONS = [base for base in Settings.__bases__ if issubclass(base, BaseModel) and base not in {Places, BaseSettings}]
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
    for section in SECTIONS:
        lines += ["", "", f"## {_title(section)}"]
        for name, field in _open_settings(section):
            lines += ["", f"# {field.description}", f"# {name} = {_toml(field.default)}"]
    lines += ["", "", "## Weights of the score components; only their ratios count", "# [score_weights]"]
    lines += [f"# {name} = {_toml(field.default)}  # {field.description}" for name, field in _weights()]
    lines += ["", "", "## From the environment only, never in this file"]
    lines += [f"#   {ENV_PREFIX}{name.upper()}: {field.description}" for name, field in _secrets()]
    return "\n".join(lines) + "\n"


def settings_page() -> str:
    """``docs/settings.md``."""
    lines = [PAGE_HEAD]
    for section in SECTIONS:
        lines += [f"## {_title(section)}", "", "| setting | default | meaning |", "|---|---|---|"]
        for name, field in _open_settings(section):
            lines += [f"| `{name}` | `{_toml(field.default)}` | {field.description} |"]
        lines += [""]
    lines += [
        "## Weights of the score",
        "",
        "In the table `[score_weights]`, or `DIGEST_SCORE_WEIGHTS__NOVELTY` and so on; only their ratios count:",
    ]
    lines += ["", "| weight | default | of |", "|---|---|---|"]
    lines += [f"| `{name}` | {_toml(field.default)} | {field.description} |" for name, field in _weights()]
    lines += ["", "## From the environment only", "", "| variable | meaning |", "|---|---|"]
    lines += [f"| `{ENV_PREFIX}HOME` | {Settings.model_fields['home'].description} |"]
    lines += [f"| `{ENV_PREFIX}{name.upper()}` | {field.description} |" for name, field in _secrets()]
    return "\n".join(lines) + "\n"


def _open_settings(section: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    """Those that may stand in the file, but for the table of weights."""
    for name, field in section.model_fields.items():
        if name not in SECRET_FIELDS and name != "score_weights":
            yield name, field


def _secrets() -> Iterator[tuple[str, FieldInfo]]:
    for section in SECTIONS:
        yield from ((name, field) for name, field in section.model_fields.items() if name in SECRET_FIELDS)


def _title(section: type[BaseModel]) -> str:
    return str(section.__doc__).rstrip(".")


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
