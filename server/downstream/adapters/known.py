"""What is known of the sources without asking them: the names a request may mention, the days they speak of.

Reading a request needs names, and no request may hang because a server that has them does. So one task asks, at most
every `FRESH_S`; whoever reads a request takes what is known, and waits only for the very first answers, and not long.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import anyio

from agents.sources import Names, SourceError, Sources
from agents.tool import Need
from agents.warehouse_tools.vocabulary import vocabulary

__all__ = ["Facts", "Known"]

logger = logging.getLogger(__name__)

FRESH_S = 60.0
AGAIN_S = 5.0
WAIT_S = 5.0
ASK_S = 30.0
"""How long a source may take to answer: one that never ends would be asked on for nobody."""
MAX_LATE = 3
"""How often in a row the pause after such a source is doubled."""


@dataclass(frozen=True, slots=True)
class Facts:
    """`names` of the calls, `vocabulary` of the warehouse by argument, and the last day of each, None while unknown."""

    names: Names = field(default_factory=Names)
    vocabulary: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    calls_as_of: date | None = None
    warehouse_as_of: date | None = None
    messages_as_of: date | None = None

    def as_of(self, need: Need) -> date | None:
        """The last day of the source that a tool needs; of the calls where that source has no day of its own."""
        days = {"warehouse": self.warehouse_as_of, "messages": self.messages_as_of or self.calls_as_of}
        return days.get(need, self.calls_as_of)


class Known:
    """The facts, kept by `run`, which serves for as long as the process does."""

    def __init__(self, sources: Callable[[], Sources]) -> None:
        self._sources = sources
        self._wanted = anyio.Event()
        self.forget()

    def forget(self) -> None:
        """Start anew: other servers are behind the sources now."""
        self.facts = Facts()
        self._ask_at = 0.0
        self._late = 0
        self._slow = False
        self._first = anyio.Event()
        self._wanted.set()

    async def look(self) -> Facts:
        """What is known; at the very first time after a short wait."""
        self._wanted.set()
        if not self._first.is_set():
            first = self._first
            with anyio.move_on_after(WAIT_S):
                await first.wait()
            first.set()
        return self.facts

    async def run(self) -> None:
        """Ask whenever somebody looks and the facts are old."""
        while True:
            await self._wanted.wait()
            self._wanted = anyio.Event()
            if anyio.current_time() < self._ask_at:
                continue
            self._ask_at = anyio.current_time() + FRESH_S
            first, self._slow = self._first, False
            async with anyio.create_task_group() as asking:
                asking.start_soon(self._asked, self._calls)
                asking.start_soon(self._asked, self._warehouse)
                asking.start_soon(self._asked, self._messages)
            self._late = min(self._late + 1, MAX_LATE) if self._slow else 0
            if self._slow:
                self._ask_at = anyio.current_time() + AGAIN_S * 2**self._late
            first.set()

    async def _asked(self, ask: Callable[[], Awaitable[None]]) -> None:
        try:
            with anyio.move_on_after(ASK_S) as asking:
                await ask()
            if asking.cancelled_caught:
                logger.warning("a source did not say within %g s what it knows; it is asked again later", ASK_S)
                self._slow = True
        except SourceError:
            self._ask_at = anyio.current_time() + AGAIN_S
        except Exception:  # whatever a foreign server's answer leads to, requests are still read without its names
            logger.exception("the names that a request may mention could not be read")
            self._ask_at = anyio.current_time() + AGAIN_S

    async def _calls(self) -> None:
        calls = self._sources().calls
        if calls is not None:
            names, as_of = await calls.names(), await calls.as_of()
            self.facts = replace(self.facts, names=names, calls_as_of=as_of)

    async def _warehouse(self) -> None:
        warehouse = self._sources().warehouse
        if warehouse is not None:
            as_of = await warehouse.as_of()
            self.facts = replace(self.facts, warehouse_as_of=as_of)
            found = await vocabulary(warehouse)
            self.facts = replace(self.facts, vocabulary=found)

    async def _messages(self) -> None:
        messages = self._sources().messages
        if messages is not None:
            # Asked for first: what others find meanwhile must not be lost.
            as_of = await messages.as_of()
            self.facts = replace(self.facts, messages_as_of=as_of)
