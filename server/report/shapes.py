"""What is drawn: how latencies spread, and how many calls came when and at which stage."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from server.bridge.decision import Route
from server.bridge.histogram import SHORTEST_MS
from server.report.drawn import Drawn

__all__ = ["Spread", "Stage", "Step", "spread", "stages", "traffic"]

BINS = 24
HOUR_S = 3_600
STEPS_S = (HOUR_S, 6 * HOUR_S, 24 * HOUR_S, 7 * 24 * HOUR_S, 30 * 24 * HOUR_S)
MOST_STEPS = 48


@dataclass(frozen=True, slots=True)
class Spread:
    """How many answered calls of each arm took between each edge and the next, in ms; bins of equal ratio."""

    edges_ms: tuple[float, ...]
    agno: tuple[int, ...]
    downstream: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """The drawn calls of `seconds` from `at` on, in seconds since 1970."""

    at: float
    seconds: int
    agno: int
    downstream: int


@dataclass(frozen=True, slots=True)
class Stage:
    """The drawn calls while the agent had so many percent of them; None where that was not kept."""

    percent: int | None
    agno: int
    downstream: int


def spread(drawn: Drawn) -> Spread | None:
    """How latencies spread; None where nothing was answered."""

    def logs(route: Route) -> list[float]:
        return [math.log(max(call.took_ms, SHORTEST_MS)) for call in drawn.of(route) if call.error is None]

    agno, downstream = logs("agno"), logs("downstream")
    if not agno and not downstream:
        return None
    low = min(*agno, *downstream, math.inf)
    width = (max(*agno, *downstream, -math.inf) - low) / BINS or 0.01

    def counts(found: Sequence[float]) -> tuple[int, ...]:
        inside = Counter(min(BINS - 1, int((one - low) / width)) for one in found)
        return tuple(inside[number] for number in range(BINS))

    edges = tuple(math.exp(low + number * width) for number in range(BINS + 1))
    return Spread(edges, counts(agno), counts(downstream))


def traffic(drawn: Drawn) -> tuple[Step, ...]:
    """The calls of each hour, day or week, whichever gives a few dozen steps; quiet ones are in it."""
    if not drawn.calls:
        return ()
    first, last = min(call.at for call in drawn.calls), max(call.at for call in drawn.calls)
    seconds = next((one for one in STEPS_S if (last - first) / one < MOST_STEPS), STEPS_S[-1])
    begin = int(first // seconds)
    counts = Counter((int(call.at // seconds), call.arm) for call in drawn.calls)
    return tuple(
        Step(float(number * seconds), seconds, counts[number, "agno"], counts[number, "downstream"])
        for number in range(begin, int(last // seconds) + 1)
    )


def stages(drawn: Drawn) -> tuple[Stage, ...]:
    """The calls of each stage, the smallest share first."""
    counts = Counter((call.stage, call.arm) for call in drawn.calls)
    known = sorted({stage for stage, _ in counts}, key=lambda stage: -1 if stage is None else stage)
    return tuple(Stage(one, counts[one, "agno"], counts[one, "downstream"]) for one in known)
