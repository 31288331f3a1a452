"""What is counted in memory and kept in the store: each process writes rows of its own, and everybody adds them up.

Nothing is read, changed and written back, so no two processes can overwrite each other, and what an earlier life of this
process wrote is just another process's. Counting never waits: `Tallier` writes what changed every few seconds, in a
thread, and reads the others' rows now and then. A process that is killed loses what it counted since its last write.
"""

import logging
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from time import time
from typing import Any, Protocol

import anyio
from anyio import to_thread

from server.state.tallies import Tallies, Tally

__all__ = ["Tallied", "Tallier"]

logger = logging.getLogger(__name__)

SAVE_EVERY_S = 5.0
READ_EVERY_S = 15.0
PRUNE_EVERY_S = 600.0


class Tallied(Protocol):
    """Something that is counted. `kinds` are the kinds of its rows, each with how many seconds a row counts; of the
    `shared` ones it is told what other processes counted."""

    @property
    def kinds(self) -> Mapping[str, float]: ...

    @property
    def shared(self) -> Collection[str]: ...

    def unsaved(self, kind: str) -> dict[str, Any]:
        """The rows that changed since they were last asked for, as JSON values."""
        ...

    def unsave(self, kind: str, names: Sequence[str]) -> None:
        """These rows could not be written: they count as changed."""
        ...

    def take_others(self, kind: str, rows: Sequence[Tally]) -> None:
        """Put what other processes counted in the place of what was known of them. Called in a thread."""
        ...


class Tallier:
    """Writes and reads for the length of a process."""

    def __init__(self, tallies: Tallies, counted: Sequence[Tallied], clock: Callable[[], float] = time) -> None:
        self.process = secrets.token_hex(8)
        self._tallies = tallies
        self._counted = counted
        self._clock = clock

    async def save(self) -> None:
        """Write what changed."""
        for counted in self._counted:
            for kind in counted.kinds:
                rows = counted.unsaved(kind)
                if not rows:
                    continue
                try:
                    with anyio.CancelScope(shield=True):  # what has been taken is written
                        await to_thread.run_sync(self._tallies.save, kind, self.process, rows)
                except Exception:  # a full disk must not take the server down; the counts stay, and are tried again
                    counted.unsave(kind, list(rows))
                    logger.exception("what was counted could not be written to the state store")

    async def read(self) -> None:
        """Read what other processes wrote, earlier lives of this one included."""
        for counted in self._counted:
            for kind, counts_s in counted.kinds.items():
                if kind not in counted.shared:
                    continue
                try:
                    await to_thread.run_sync(self._read, counted, kind, self._clock() - counts_s)
                except Exception:  # what is known so far stays
                    logger.exception("what was counted could not be read from the state store")

    def _read(self, counted: Tallied, kind: str, since: float) -> None:
        rows = self._tallies.load(kind)
        counted.take_others(kind, [row for row in rows if row.process != self.process and row.at >= since])

    async def prune(self) -> None:
        """Drop the rows that no longer count."""
        for counted in self._counted:
            for kind, counts_s in counted.kinds.items():
                try:
                    await to_thread.run_sync(self._tallies.prune, kind, self._clock() - counts_s)
                except Exception:  # they are dropped another time
                    logger.exception("old counts could not be dropped from the state store")

    async def run(self) -> None:
        """Read at once, then write and read until cancelled; what is counted then is written before this ends."""
        since_read = since_prune = 0.0
        await self.read()
        await self.prune()
        try:
            while True:
                await anyio.sleep(SAVE_EVERY_S)
                since_read, since_prune = since_read + SAVE_EVERY_S, since_prune + SAVE_EVERY_S
                await self.save()
                if since_read >= READ_EVERY_S:
                    await self.read()
                    since_read = 0.0
                if since_prune >= PRUNE_EVERY_S:
                    await self.prune()
                    since_prune = 0.0
        finally:
            await self.save()
