"""What the phases work with: the plan, the store, a Sophia that runs, and whoever watches.

Clock, pause and the running Sophia are handed in, so that a deployment of days is told in a test of milliseconds.
"""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import anyio
from pydantic import JsonValue

from server.deployment.plan import Plan
from server.deployment.progress import PhaseRecord, Progress
from server.generation import Generation
from server.operations import By, Operations
from server.state.store import Store

__all__ = ["Built", "Called", "PhaseFailed", "PhaseHeld", "Site", "Watch", "Work"]


class PhaseFailed(Exception):
    """A phase did not pass; the message says what was found and what to do."""


class PhaseHeld(Exception):
    """A stage has too little evidence, and the time to wait for it is over; nothing is wrong."""


@dataclass(frozen=True, slots=True)
class Called:
    """One real call: who served it (None where nobody did), how long it took, why it failed, what it said."""

    route: str | None
    took_ms: float
    error: str | None = None
    said: str = ""


@dataclass(frozen=True, slots=True)
class Built:
    """What building the agent takes: milliseconds of each build, and MB that one holds over `live` of them."""

    took_ms: Sequence[float]
    memory_mb: float
    live: int


class Site(Protocol):
    """A running Sophia."""

    def now(self) -> Generation:
        """What is in force."""
        ...

    async def ready(self, tool: str) -> Sequence[str]:
        """What keeps the tool from being moved, in words: nothing where both of its routes can serve."""
        ...

    async def call(self, tool: str, arguments: Mapping[str, JsonValue], *, by_agent: bool) -> Called:
        """Make a real call: by the agent whatever the rollout says, or as any caller makes it."""
        ...

    def build(self, tool: str, times: int) -> Built:
        """Build the tool's agent so often, as a call does, and drop it."""
        ...


class Watch(Protocol):
    """Whoever watches."""

    def phase(self, number: int, record: PhaseRecord) -> None:
        """A phase began, or ended."""
        ...

    def line(self, text: str) -> None:
        """Something was found."""
        ...

    def status(self, text: str) -> None:
        """What is being done, or waited for; each takes the place of the one before."""
        ...


@dataclass(slots=True)
class Work:
    """Handed from phase to phase. `now` is what is in force, `files` the digest of what the files alone say; `by` says who
    acts, and why."""

    progress: Progress
    store: Store
    operations: Operations
    by: Callable[[str], By]
    now: Callable[[], Generation]
    files: str
    watch: Watch
    save: Callable[[Progress], None]
    clock: Callable[[], float] = time.time
    pause: Callable[[float], Awaitable[None]] = field(default=anyio.sleep)

    @property
    def plan(self) -> Plan:
        """What is to be done."""
        return self.progress.planned

    def say(self, record: PhaseRecord, line: str) -> None:
        """Put it on record and show it."""
        record.lines.append(line)
        self.watch.line(line)
        self.save(self.progress)
