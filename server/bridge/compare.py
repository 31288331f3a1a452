"""Both arms of a tool set side by side, from the decision log: pure, and the same figures for the same log and seed.

Only calls that were drawn into an arm are compared: who else took a route was sent there for a reason that may explain
the difference by itself. A call counts for its arm by how that arm's own route did, before a fallback hid a failure;
what the caller did wrong counts for neither. Shares carry Wilson intervals. Latencies carry bootstrap intervals that
draw whole users, since calls of one user are alike; below `FEWEST_UNITS` users none is given, nor any verdict.
"""

import math
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from server.bridge.arms import OF_THE_CALLER, UNAVAILABLE
from server.bridge.decision import Route
from server.bridge.intervals import wilson
from server.state.decisions import DecisionRecord

__all__ = ["FEWEST_UNITS", "RESAMPLES", "Arm", "Comparison", "Verdict", "compared"]

RESAMPLES = 500
SEED = 20_171
FEWEST_UNITS = 8
TAIL = 0.025
KINDS_OF_THE_CALLER = frozenset(
    error.kind for parent in OF_THE_CALLER for error in (parent, *parent.__subclasses__())
)
"""The log keeps the kinds of failures only."""

Verdict = Literal["better", "worse", "not enough to tell"]
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Arm:
    """What one arm came to. Latencies are of answered calls; an interval is None where users are too few."""

    calls: int
    users: int
    errors: int
    error_rate: float | None
    error_interval: Interval
    errors_by_kind: Mapping[str, int]
    p50_ms: float | None
    p50_interval_ms: Interval | None
    p95_ms: float | None
    p95_interval_ms: Interval | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """One tool: both arms, what the agent's difference amounts to, and how many calls stand outside."""

    tool: str
    agno: Arm
    downstream: Arm
    latency: Verdict
    errors: Verdict
    not_drawn: int
    not_counted: int


@dataclass(frozen=True, slots=True)
class _Call:
    unit: int
    latency_ms: float
    error: str | None


def compared(tool: str, records: Iterable[DecisionRecord]) -> Comparison:
    """Set both arms of a tool side by side; `records` are decisions about it."""
    calls: dict[Route, list[_Call]] = {"agno": [], "downstream": []}
    not_drawn = not_counted = 0
    for record in records:
        arm: Route | None = record.content.get("arm")
        if arm not in calls:
            not_drawn += 1
        elif (call := _call(record.content, arm)) is None:
            not_counted += 1
        else:
            calls[arm].append(call)
    dice = random.Random(SEED)  # noqa: S311 - resampling, no secret
    (agno, slow_agno), (downstream, slow_downstream) = (_arm(calls[route], dice) for route in ("agno", "downstream"))
    enough = min(agno.users, downstream.users) >= FEWEST_UNITS
    between = [one - other for one, other in zip(slow_agno, slow_downstream, strict=False)]
    latency = _verdict(_interval(between)) if enough and between else "not enough to tell"
    low, high = agno.error_interval[0], agno.error_interval[1]
    apart = (low - downstream.error_interval[1], high - downstream.error_interval[0])
    errors = _verdict(apart) if enough else "not enough to tell"
    return Comparison(tool, agno, downstream, latency, errors, not_drawn, not_counted)


def _call(content: Mapping[str, Any], arm: Route) -> _Call | None:
    """How the arm's own route did; None for what says nothing of it, or names no user."""
    unit = content.get("unit")
    outcome: Mapping[str, Any] = content.get("outcome") or {}
    attempts: Sequence[Mapping[str, Any]] = outcome.get("attempts") or ()
    if not isinstance(unit, int):
        return None
    if content.get("route") != arm:
        return _Call(unit, 0.0, UNAVAILABLE)
    own = [one for one in attempts if one.get("standing") != "fallback" and not one.get("borrowed")]
    if not own or own[-1]["error"] in KINDS_OF_THE_CALLER:
        return None
    return _Call(unit, sum(float(one["latency_ms"]) for one in own), own[-1]["error"])


def _arm(calls: Sequence[_Call], dice: random.Random) -> tuple[Arm, list[float]]:
    """An arm, and its p95 in every resample."""
    by_unit: dict[int, list[float]] = defaultdict(list)
    kinds: dict[str, int] = {}
    for call in calls:
        answered = by_unit[call.unit]
        if call.error is None:
            answered.append(call.latency_ms)
        else:
            kinds[call.error] = kinds.get(call.error, 0) + 1
    units = list(by_unit.values())
    latencies = sorted(latency for unit in units for latency in unit)
    errors = sum(kinds.values())
    middles, tails = _resampled(units, dice)
    arm = Arm(
        calls=len(calls),
        users=len(units),
        errors=errors,
        error_rate=errors / len(calls) if calls else None,
        error_interval=wilson(errors, len(calls)),
        errors_by_kind=kinds,
        p50_ms=_quantile(latencies, 0.5),
        p50_interval_ms=_interval(middles) if middles else None,
        p95_ms=_quantile(latencies, 0.95),
        p95_interval_ms=_interval(tails) if tails else None,
    )
    return arm, tails


def _resampled(units: Sequence[Sequence[float]], dice: random.Random) -> tuple[list[float], list[float]]:
    """p50 and p95 in each resample of whole users."""
    middles: list[float] = []
    tails: list[float] = []
    if len(units) < FEWEST_UNITS:
        return middles, tails
    for _ in range(RESAMPLES):
        drawn = sorted(latency for unit in dice.choices(units, k=len(units)) for latency in unit)
        middle, tail = _quantile(drawn, 0.5), _quantile(drawn, 0.95)
        if middle is not None and tail is not None:
            middles.append(middle)
            tails.append(tail)
    return middles, tails


def _quantile(ordered: Sequence[float], p: float) -> float | None:
    return ordered[max(0, math.ceil(p * len(ordered)) - 1)] if ordered else None


def _interval(values: Sequence[float]) -> Interval:
    ordered = sorted(values)
    last = len(ordered) - 1
    return ordered[round(TAIL * last)], ordered[round((1 - TAIL) * last)]


def _verdict(difference: Interval) -> Verdict:
    """Of the agent, by the interval of its figure minus the server's; less is better."""
    low, high = difference
    return "better" if high < 0 else "worse" if low > 0 else "not enough to tell"
