"""Room for the documents of a scan: together they take bounded memory, however many come at once and however large.

On its way in, a document that is not small lies on disk. Who has it whole waits in line, holding a place among the
requests under way, until what others have in memory leaves room for it; only then is it read, expanded and parsed. No
server is kept waiting, so none hangs up; and since new requests need the places of those who wait, no more than the
requests that may be under way ever wait.
"""

import asyncio
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO

IN_MEMORY = 1024 * 1024  # bytes of a document on its way in; more go to disk
EXPANDS = 8  # times, what a compressed feed usually does: how much it really was is known too late to wait


class Room:
    """``most`` bytes that documents may take together; a larger one gets in when it is alone."""

    def __init__(self, most: int, folder: Path) -> None:
        self.folder = folder
        self._most, self._held = most, 0
        self._line = asyncio.Lock()  # first come, first served: else small ones keep a large one out
        self._left = asyncio.Event()

    async def enter(self, size: int) -> None:
        """Wait until there is room for ``size`` bytes."""
        async with self._line:
            while self._held and self._held + size > self._most:
                self._left.clear()
                await self._left.wait()
            self._held += size

    def change(self, by: int) -> None:
        """Note ``by`` bytes more, or fewer, without waiting."""
        self._held += by
        self._left.set()


class Place:
    """What one feed has of the room, from its document's last byte until its items are taken over."""

    def __init__(self, room: Room) -> None:
        self._room, self._size = room, 0

    def draft(self) -> IO[bytes]:
        """A file for a document on its way in."""
        return SpooledTemporaryFile(IN_MEMORY, dir=str(self._room.folder))

    async def enter(self, size: int) -> None:
        """Wait for room. What was held is left before: two that wait with their hands full wait for ever."""
        self.leave()
        await self._room.enter(size)
        self._size = size

    def resize(self, size: int) -> None:
        """Say how large the document has become; this does not wait."""
        self._room.change(size - self._size)
        self._size = size

    def leave(self) -> None:
        """Give everything back."""
        self.resize(0)
