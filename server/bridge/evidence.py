"""What was measured about each tool and route: the last attempts, in memory, bounded.

A window holds the newest `WINDOW` attempts of one tool on one route. Percentiles are of answered attempts, nearest
rank; an error is an attempt that failed for any reason but the caller's own.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from server.bridge.decide import Route
from server.errors import CallerDeadline, CallerError, SophiaError

__all__ = ["Evidence", "Figures"]

WINDOW = 512
MINUTE_S = 60.0
FEWEST = 20
"""Below this many attempts nothing measured enters a decision."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One window summed up; latencies in milliseconds, None without an answered attempt."""

    attempts: int
    errors: int
    p50_ms: float | None
    p95_ms: float | None
    calls_last_minute: int


@dataclass(frozen=True, slots=True)
class _Attempt:
    at_s: float
    latency_ms: float
    failed: bool


class Evidence:
    """The windows. `clock` gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._windows: dict[tuple[str, Route], deque[_Attempt]] = {}

    def record(self, tool: str, route: Route, latency_ms: float, error: SophiaError | None) -> None:
        """Note one attempt."""
        failed = error is not None and not isinstance(error, CallerError | CallerDeadline)
        window = self._windows.setdefault((tool, route), deque(maxlen=WINDOW))
        window.append(_Attempt(self._clock(), latency_ms, failed))

    def figures(self, tool: str, route: Route) -> Figures:
        """What is known of a tool on a route."""
        window = self._windows.get((tool, route), ())
        answered = sorted(attempt.latency_ms for attempt in window if not attempt.failed)
        return Figures(
            attempts=len(window),
            errors=sum(attempt.failed for attempt in window),
            p50_ms=_rank(answered, 0.50),
            p95_ms=_rank(answered, 0.95),
            calls_last_minute=self.calls_last_minute(tool, route),
        )

    def calls_last_minute(self, tool: str, route: Route) -> int:
        """How often the tool was called on the route in the last minute, as far as the window reaches."""
        since = self._clock() - MINUTE_S
        count = 0
        for attempt in reversed(self._windows.get((tool, route), ())):
            if attempt.at_s < since:
                break
            count += 1
        return count

    def known(self, tool: str, route: Route) -> Figures | None:
        """The figures, once there are enough attempts to rest a decision on."""
        figures = self.figures(tool, route)
        return figures if figures.attempts >= FEWEST else None

    def windows(self) -> Sequence[tuple[str, Route]]:
        """The tools and routes that anything is known of."""
        return sorted(self._windows)


def _rank(ascending: Sequence[float], share: float) -> float | None:
    if not ascending:
        return None
    return ascending[max(0, math.ceil(share * len(ascending)) - 1)]
