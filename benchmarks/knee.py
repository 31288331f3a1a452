"""A simulated server with a knee: so many runs are worked on at full speed, with more at work all become slower.

Callers that never pause share a limit of runs at work; time is simulated, chance is seeded.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from server.bridge.concurrency import Ran

__all__ = ["Limit", "Outcome", "Server", "simulate"]


class Limit(Protocol):
    """What says how many runs may be at work, and is told of each that ended."""

    @property
    def limit(self) -> int: ...

    def saw(self, ran: Ran) -> None: ...


@dataclass(frozen=True, slots=True)
class Server:
    """Alone a run takes `alone_ms` in the mean, spread as a lognormal is; up to `knee` runs do not hinder each other."""

    knee: int
    alone_ms: float = 20.0
    spread: float = 0.3
    memory_mb_per_run: float = 1.0


@dataclass(slots=True)
class Outcome:
    """What came of it, run by run in the order they ended; the latency is that of the run, without its wait."""

    seconds: float = 0.0
    limits: list[int] = field(default_factory=list[int])
    latencies_ms: list[float] = field(default_factory=list[float])

    @property
    def per_second(self) -> float:
        """The throughput of the whole simulation."""
        return len(self.limits) / self.seconds


@dataclass(slots=True)
class _Run:
    work_ms: float
    began_ms: float
    most_at_work: int


def simulate(
    limit: Limit,
    server: Server,
    *,
    callers: int,
    runs: int,
    changes: Mapping[int, Server] | None = None,
    seed: int = 1,
    watch: Callable[[int], None] = lambda at_work: None,
) -> Outcome:
    """Let `runs` end. `changes`: after so many runs the server is another; `watch` is told how many are at work."""
    chance = random.Random(seed)  # noqa: S311  (no secret)
    outcome, now_ms, at_work = Outcome(), 0.0, list[_Run]()
    for ended in range(runs):
        server = (changes or {}).get(ended, server)
        while len(at_work) < min(limit.limit, callers):
            work_ms = server.alone_ms * chance.lognormvariate(-(server.spread**2) / 2, server.spread)
            at_work.append(_Run(work_ms, now_ms, len(at_work) + 1))
            watch(len(at_work))
        speed = min(1.0, server.knee / len(at_work))
        first = min(at_work, key=lambda run: run.work_ms)
        passed_ms = first.work_ms / speed
        now_ms += passed_ms
        for run in at_work:
            run.work_ms -= passed_ms * speed
        memory_mb = len(at_work) * server.memory_mb_per_run
        most = max(first.most_at_work, len(at_work))
        at_work.remove(first)
        limit.saw(Ran("agent", now_ms - first.began_ms, most, memory_mb, now_ms / 1000))
        outcome.limits.append(limit.limit)
        outcome.latencies_ms.append(now_ms - first.began_ms)
    outcome.seconds = now_ms / 1000
    return outcome
