"""What was decided, kept: the newest in memory, all of the recent ones in the store.

Nothing waits for it. A record is written once the reply is on its way, by one task, many at a time; when the queue is
full the oldest unwritten record is lost, never a call delayed.
"""

import logging
import secrets
import time
from collections import OrderedDict, deque

import anyio
from anyio import to_thread

from server.state.decisions import DecisionRecord
from server.state.store import Store

__all__ = ["DecisionLog", "new_id"]

logger = logging.getLogger(__name__)

REMEMBERED = 2_000
QUEUED = 10_000


def new_id() -> str:
    """An id that sorts by time: 11 hexadecimal digits of milliseconds, 8 of chance."""
    return f"{time.time_ns() // 1_000_000:011x}{secrets.token_hex(4)}"


class DecisionLog:
    """The log. `run` writes; the rest never waits."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._remembered: OrderedDict[str, DecisionRecord] = OrderedDict()
        self._queue: deque[DecisionRecord] = deque(maxlen=QUEUED)
        self._filled = anyio.Event()

    def note(self, record: DecisionRecord) -> None:
        """Remember a decision and have it written; one that is known already takes the place of what was known."""
        self._remembered[record.id] = record
        if len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)
        if len(self._queue) == QUEUED:
            logger.warning("the decision log cannot keep up; a record is lost")
        self._queue.append(record)
        self._filled.set()

    def newest(self, decision_id: str) -> DecisionRecord | None:
        """A decision of this process, as long as it is among the newest."""
        return self._remembered.get(decision_id)

    async def find(self, decision_id: str) -> DecisionRecord | None:
        """A decision by its id, of this process or another."""
        known = self._remembered.get(decision_id)
        return known if known is not None else await to_thread.run_sync(self._store.decisions.find, decision_id)

    def latest(self, tool: str, limit: int) -> list[DecisionRecord]:
        """The newest decisions of this process about a tool, newest first."""
        found = (record for record in reversed(self._remembered.values()) if record.tool == tool)
        return [record for record, _ in zip(found, range(limit), strict=False)]

    async def run(self) -> None:
        """Write until cancelled; what is queued then is written before this ends."""
        try:
            while True:
                await self._filled.wait()
                self._filled = anyio.Event()
                await self._write()
        finally:
            await self._write()

    async def _write(self) -> None:
        batch = list(self._queue)
        self._queue.clear()
        if not batch:
            return
        try:
            with anyio.CancelScope(shield=True):  # what has been taken off the queue is written
                await to_thread.run_sync(self._store.decisions.save, batch)
        except Exception:  # a full disk must not take the server down; the decisions stay in memory
            logger.exception("decisions could not be written to the state store")
