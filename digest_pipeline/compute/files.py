"""A file on its way through Ray's object store, piece by piece, so that no machine needs a folder of another."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ray

PIECE_BYTES = 8 * 1024 * 1024


class StoredFile:
    """A copy of a file in the object store, for as long as this object lives in the run's process."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._pieces = [ray.put(piece) for piece in iter(lambda: file.read(PIECE_BYTES), b"")]

    @contextmanager
    def here(self) -> Iterator[Path]:
        """See ``SharedFile``: a temporary file on the worker's machine."""
        with tempfile.NamedTemporaryFile(prefix="digest-", suffix=".audio") as file:
            for piece in self._pieces:
                file.write(ray.get(piece))
            file.flush()
            yield Path(file.name)
