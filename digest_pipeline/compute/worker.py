"""What runs on the cluster: an actor that does one task after another, in a process that keeps the models it loaded."""

from collections.abc import Callable, Iterator
from typing import Any

import digest_pipeline
from digest_pipeline.settings import SECRET_FIELDS, Settings, load_settings


class Worker:
    """One share of the cluster. Its models stay loaded as they do in a run: once a process."""

    def hello(self) -> str:
        """The release that it runs, at once, also while it computes."""
        return digest_pipeline.__version__

    def run(self, task: Callable[..., Any], settings: Settings, *args: object) -> Any:
        """One result."""
        return task(at_home(settings), *args)

    def stream(self, task: Callable[..., Iterator[Any]], settings: Settings, *args: object) -> Iterator[Any]:
        """Results as they are made."""
        for result in task(at_home(settings), *args):  # noqa: UP028 - Ray sends into generators, iterators take nothing
            yield result


def at_home(settings: Settings) -> Settings:
    """A run's settings on the worker's machine: its own home folder, and secrets from its own environment."""
    own = load_settings()
    return settings.model_copy(update={"home": own.home} | {name: getattr(own, name) for name in SECRET_FIELDS})


def for_workers(settings: Settings) -> Settings:
    """A run's settings as they travel: without secrets, since nothing between Ray's nodes is encrypted by default."""
    empty = {name: Settings.model_fields[name].default for name in SECRET_FIELDS}
    return settings.model_copy(update={"ray_address": "", **empty})
