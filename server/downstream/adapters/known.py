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
DAY_WAIT_S = 15.0
"""How long a request waits that cannot be read without the day: a period that counts back from the wrong one is wrong."""
ASK_S = 30.0
"""How long a source may take to answer: one that never ends would be asked on for nobody."""
MAX_LATE = 3
"""How often in a row the pause after such a source is doubled."""

DAYS_FROM: Mapping[Need, tuple[Need, ...]] = {"warehouse": ("warehouse",), "messages": ("messages", "calls")}
"""Whose last day counts for a source; that of the calls for every other."""


@dataclass(frozen=True, slots=True)
class Facts:
    """`names` of the calls, `vocabulary` of the warehouse by argument, and the last day of each source that has said so
    far whether it has one."""

    names: Names = field(default_factory=Names)
    vocabulary: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    days: Mapping[Need, date | None] = field(default_factory=dict[Need, date | None])

    def as_of(self, need: Need) -> date | None:
        """The last day of the source that a tool needs; of the calls where that source has no day of its own."""
        days = (self.days.get(source) for source in DAYS_FROM.get(need, ("calls",)))
        return next((day for day in days if day is not None), None)

    def may_change(self, need: Need) -> bool:
        """Whether that day is not known yet, and another than it seems may be said at any time."""
        for source in DAYS_FROM.get(need, ("calls",)):
            if source not in self.days or self.days[source] is not None:
                return source not in self.days
        return False


class Known:
    """The facts, kept by `run`, which serves for as long as the process does."""

    def __init__(self, sources: Callable[[], Sources]) -> None:
        self._sources = sources
        self._wanted = anyio.Event()
        self._news = anyio.Event()
        self._round: anyio.CancelScope | None = None
        self.forget()

    def forget(self) -> None:
        """Start anew: other servers are behind the sources now."""
        if self._round is not None:
            self._round.cancel()  # what it would still say is of servers that are asked no more
        self.facts = Facts()
        self._ask_at = 0.0
        self._late = 0
        self._slow = False
        self._answered = False
        self._patient = True
        self._wanted.set()

    async def look(self) -> Facts:
        """What is known; at the very first time after a short wait."""
        self._wanted.set()
        if self._patient:
            with anyio.move_on_after(WAIT_S) as waiting:
                await self._until(lambda: self._answered)
            self._patient = not waiting.cancelled_caught
        return self.facts

    async def look_for_day(self, need: Need) -> Facts:
        """What is known once the day is that this source counts back from, or after a longer wait."""
        self._wanted.set()
        with anyio.move_on_after(DAY_WAIT_S):
            await self._until(lambda: self._answered or not self.facts.may_change(need))
        return self.facts

    async def run(self) -> None:
        """Ask whenever somebody looks and the facts are old."""
        while True:
            await self._wanted.wait()
            self._wanted = anyio.Event()
            if anyio.current_time() < self._ask_at:
                continue
            self._ask_at, self._slow = anyio.current_time() + FRESH_S, False
            with anyio.CancelScope() as round_:
                self._round = round_
                async with anyio.create_task_group() as asking:
                    asking.start_soon(self._asked, "calls", self._calls)
                    asking.start_soon(self._asked, "warehouse", self._warehouse)
                    asking.start_soon(self._asked, "messages", self._messages)
            if round_.cancel_called:  # and asked again at once: whoever had it forgotten wants it
                self._ask_at = 0.0
                continue
            self._late = min(self._late + 1, MAX_LATE) if self._slow else 0
            if self._slow:
                self._ask_at = anyio.current_time() + AGAIN_S * 2**self._late
            self._answered = True
            self._tell()

    async def _until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            await self._news.wait()

    def _tell(self) -> None:
        self._news.set()
        self._news = anyio.Event()

    def _said(self, need: Need, day: date | None) -> None:
        self.facts = replace(self.facts, days={**self.facts.days, need: day})
        self._tell()

    async def _asked(self, need: Need, ask: Callable[[], Awaitable[None]]) -> None:
        if getattr(self._sources(), need) is None:
            self._said(need, None)
            return
        try:
            with anyio.move_on_after(ASK_S) as asking:
                await ask()
            if asking.cancelled_caught:
                logger.warning("a source did not say within %g s what it knows; it is asked again later", ASK_S)
                self._slow = True
        except SourceError as error:
            self._ask_at = anyio.current_time() + AGAIN_S
            if error.kind != "unavailable":
                self._has_no_day(need)
        except Exception:  # whatever a foreign server's answer leads to, requests are still read without its names
            logger.exception("the names that a request may mention could not be read")
            self._ask_at = anyio.current_time() + AGAIN_S
            self._has_no_day(need)

    def _has_no_day(self, need: Need) -> None:
        if need not in self.facts.days:
            self._said(need, None)

    async def _calls(self) -> None:
        calls = self._sources().calls
        if calls is not None:
            names = await calls.names()
            self.facts = replace(self.facts, names=names)
            self._said("calls", await calls.as_of())

    async def _warehouse(self) -> None:
        warehouse = self._sources().warehouse
        if warehouse is not None:
            self._said("warehouse", await warehouse.as_of())
            found = await vocabulary(warehouse)
            self.facts = replace(self.facts, vocabulary=found)

    async def _messages(self) -> None:
        messages = self._sources().messages
        if messages is not None:
            self._said("messages", await messages.as_of())
