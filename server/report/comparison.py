"""Both arms of a tool side by side: pure, and the same figures for the same calls.

Error rates carry Wilson intervals, of counts divided by how alike the calls of one user are (`design_effect`, as the
gates do it); their difference is Newcombe's of the two. Latencies and ratings carry bootstrap intervals that draw whole
users. Below `FEWEST_USERS` users in an arm nothing is concluded.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from server.bridge.histogram import SHORTEST_MS
from server.bridge.intervals import design_effect, wilson
from server.report.drawn import Drawn, DrawnCall
from server.report.resampling import (
    FEWEST_USERS,
    Difference,
    Interval,
    compared_resamples,
    dice,
    interval,
    mean,
    quantile,
    resamples,
)

__all__ = ["Arm", "Comparison", "Rated", "compared"]


@dataclass(frozen=True, slots=True)
class Rated:
    """What the users of an arm gave its answers, 1 to 5; `interval` is None where users who rated are too few."""

    ratings: int
    users: int
    mean: float | None
    interval: Interval | None


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
    rated: Rated


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both arms, and by how much the agent does better; None where too few users say anything of it.

    `faster` is the share by which its p95 is shorter, `fewer_errors` the difference of the rates, `higher_rated` that
    of the mean ratings.
    """

    agno: Arm
    downstream: Arm
    faster: Difference | None
    fewer_errors: Difference | None
    higher_rated: Difference | None


@dataclass(frozen=True, slots=True)
class _Resampled:
    """An arm, with its figures in every resample."""

    arm: Arm
    tails: Sequence[float]
    ratings: Sequence[float]


def compared(drawn: Drawn) -> Comparison:
    """Set both arms of a tool side by side."""
    chance = dice()
    agno, downstream = (_resampled(drawn.of(route), chance) for route in ("agno", "downstream"))
    one, other = agno.arm, downstream.arm
    return Comparison(
        one,
        other,
        _difference(one.p95_ms, other.p95_ms, (agno.tails, downstream.tails), lambda a, b: 1 - a / b),
        _fewer_errors(one, other) if min(one.users, other.users) >= FEWEST_USERS else None,
        _difference(one.rated.mean, other.rated.mean, (agno.ratings, downstream.ratings), lambda a, b: a - b),
    )


def _difference(
    agno: float | None,
    downstream: float | None,
    drawn: tuple[Sequence[float], Sequence[float]],
    better: Callable[[float, float], float],
) -> Difference | None:
    between = compared_resamples(*drawn, better)
    if between is None or agno is None or downstream is None:
        return None
    return Difference(better(agno, downstream), *between)


def _fewer_errors(agno: Arm, downstream: Arm) -> Difference | None:
    """Method 10 of R. G. Newcombe, "Interval estimation for the difference between independent proportions",
    Statistics in Medicine 17, 1998: from the two Wilson intervals."""
    one, other = downstream.error_rate, agno.error_rate
    if one is None or other is None:
        return None
    (low, high), (least, most) = downstream.error_interval, agno.error_interval
    figure = one - other
    return Difference(
        figure, figure - math.hypot(one - low, most - other), figure + math.hypot(high - one, other - least)
    )


def _resampled(calls: Sequence[DrawnCall], chance: Random) -> _Resampled:
    answered, ratings = defaultdict[int, list[float]](list), defaultdict[int, list[float]](list)
    kinds = Counter[str]()
    by_user: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])
    for call in calls:
        by_user[call.user][0] += 1
        if call.error is None:
            answered[call.user].append(max(call.took_ms, SHORTEST_MS))
        else:
            kinds[call.error] += 1
            by_user[call.user][1] += 1
        if call.score is not None:
            ratings[call.user].append(call.score)
    middles, tails = list[float](), list[float]()
    # A user without any answer is drawn like the others.
    for drawn in resamples([answered[user] for user in by_user], chance):
        middle, tail = quantile(drawn, 0.5), quantile(drawn, 0.95)
        if middle is not None and tail is not None:
            middles.append(middle)
            tails.append(tail)
    latencies = sorted(latency for user in answered.values() for latency in user)
    errors = kinds.total()
    means = [found for drawn in resamples(list(ratings.values()), chance) if (found := mean(drawn)) is not None]
    scores = [score for user in ratings.values() for score in user]
    arm = Arm(
        calls=len(calls),
        users=len(by_user),
        errors=errors,
        error_rate=errors / len(calls) if calls else None,
        error_interval=_rate_interval(list(by_user.values()), errors, len(calls)),
        errors_by_kind=dict(sorted(kinds.items())),
        p50_ms=quantile(latencies, 0.5),
        p50_interval_ms=interval(middles),
        p95_ms=quantile(latencies, 0.95),
        p95_interval_ms=interval(tails),
        rated=Rated(len(scores), len(ratings), mean(scores), interval(means)),
    )
    return _Resampled(arm, tails, means)


def _rate_interval(users: Sequence[Sequence[int]], errors: int, calls: int) -> Interval:
    rate = errors / calls if calls else 0.0
    units = [(user_calls, float(failed)) for user_calls, failed in users]
    effect = design_effect(units, rate * (1 - rate), min(errors, calls - errors))
    return wilson(errors / effect, calls / effect)
