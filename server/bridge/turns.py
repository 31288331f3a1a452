"""Turns: so many runs are at work at the same time, the next ones wait in the order they came.

How many is fixed, or follows what the runs measure (`concurrency`), and can be switched from one to the other while
runs are at work: those that have their turn keep it.
"""

import math
import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio

from server.bridge.concurrency import Bounds, Gradient, Ran

__all__ = ["Measuring", "Turns", "resident_mb"]

Measuring = Callable[[bool], None]
"""Told how a run ended that is to be learned from: whether it was cut at its deadline."""


def resident_mb() -> float:
    """The memory of this process; where the system does not say it now, the most it ever had; 0 where it says neither."""
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 2**20 if sys.platform == "darwin" else most / 2**10


class Turns:
    """The turns of runs that share what they run on. `fixed` may be `math.inf`: nobody waits."""

    def __init__(
        self,
        fixed: float,
        memory_mb: Callable[[], float] = resident_mb,
    ) -> None:
        self._fixed = fixed
        self._memory_mb = memory_mb
        self._limiter = anyio.CapacityLimiter(fixed)
        self._bounds: Bounds | None = None
        self._gradient: Gradient | None = None

    def scale(self, bounds: Bounds | None) -> None:
        """Follow what is measured between these bounds, or go back to the fixed number."""
        if bounds == self._bounds:
            return
        self._bounds = bounds
        if bounds is None:
            self._gradient = None
        elif self._gradient is None:
            self._gradient = Gradient(bounds)
        else:
            self._gradient.bind(bounds)
        self._limit()

    async def take(self, within_s: float) -> object | None:
        """Wait for a turn; what is got is to be given back. None where no turn came within the time."""
        held = object()
        with anyio.move_on_after(within_s) as waited:
            await self._limiter.acquire_on_behalf_of(held)
        return None if waited.cancelled_caught else held

    @property
    def idle(self) -> bool:
        """Whether whoever comes now need not wait."""
        return self._limiter.available_tokens >= 1 and not self._limiter.statistics().tasks_waiting

    def give_back(self, held: object) -> None:
        """End a turn."""
        self._limiter.release_on_behalf_of(held)

    @contextmanager
    def measured(self, kind: str) -> Generator[Measuring, None, None]:
        """Measure a run that has its turn; only one whose end is told is learned from."""
        began_s, at_work = anyio.current_time(), self._limiter.borrowed_tokens

        def ended(late: bool) -> None:
            if self._gradient is None:
                return
            now_s = anyio.current_time()
            most = max(1, at_work, self._limiter.borrowed_tokens)
            self._gradient.saw(Ran(kind, (now_s - began_s) * 1000, most, self._memory_mb(), now_s, late))
            self._limit()

        yield ended

    def card(self) -> dict[str, Any]:
        """How it stands, as JSON; `limit` is None where nobody waits."""
        limit = self._limiter.total_tokens
        return {
            "limit": None if limit == math.inf else limit,
            "at_work": self._limiter.borrowed_tokens,
            "waiting": self._limiter.statistics().tasks_waiting,
            "follows": None if self._gradient is None else self._gradient.said,
        }

    def _limit(self) -> None:
        wanted = self._fixed if self._gradient is None else self._gradient.limit
        if wanted != self._limiter.total_tokens:
            self._limiter.total_tokens = wanted
