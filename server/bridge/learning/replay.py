"""What a way of choosing would have been worth, judged on calls whose route was drawn, and on no others.

Each drawn call gives an estimate of what each route was worth for it, doubly robust (Dudik, Langford, Li 2011): what
the model expected before it saw the call, put right by what came of it, divided by how likely the draw was. That is
right in the mean whatever the model says, because the chance of the draw is known. A way of choosing is worth the mean
of the estimates of what it would have chosen; the model is judged on what it said before it learned from a call.

Intervals are by group, those whose calls were drawn together, since one person's calls are alike. They are looked at
again and again, so they are wide enough for that: an asymptotic confidence sequence (Waudby-Smith and others 2021),
about three standard errors instead of two; and wider by Bernstein's term for the range, since the rarer of two routes
may have been lucky in the few calls it got.
"""

from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from math import log, sqrt

from server.bridge.decision import Route

__all__ = [
    "FLOOR_CALLS",
    "FLOOR_EACH",
    "FLOOR_GROUPS",
    "Drawn",
    "Estimate",
    "Judgement",
    "Report",
    "judged",
    "report",
]

FLOOR_CALLS, FLOOR_EACH, FLOOR_GROUPS = 200, 20, 30
"""Below so many drawn calls, drawn calls of each route, and groups that were drawn apart, nothing is concluded."""
ALPHA = 0.05
_RHO_SQUARED = (-2 * log(ALPHA) + log(1 - 2 * log(ALPHA))) / 200
"""Which sample the interval is narrowest for: about 200 groups."""

Group = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A drawn call: which route it got, what each would have been worth, and what the score and the model chose."""

    group: Group
    route: Route
    worth: tuple[float, float]
    """Of agno and of downstream."""
    likelihood: float
    scored: Route
    learned: Route

    def of(self, route: Route) -> float:
        """What this route was worth for the call, as estimated."""
        return self.worth[0 if route == "agno" else 1]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean and between what it lies; utility, 0 to 1, or a difference of two."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether what was learned does better than the score. `missing` says what it is too little of to say."""

    calls: int
    groups: int
    missing: str | None
    advantage: Estimate | None = None
    """Of what was learned over the score."""

    @property
    def takes_over(self) -> bool:
        """The rule: what was learned decides where the lower end of its advantage over the score is above zero."""
        return self.advantage is not None and self.advantage.low > 0


@dataclass(frozen=True, slots=True)
class Report:
    """What four ways of choosing are worth for one tool; `always` is always agno and always downstream."""

    judgement: Judgement
    score: Estimate
    learned: Estimate
    always: tuple[Estimate, Estimate]

    @property
    def regret(self) -> tuple[float, float]:
        """What the score, and what was learned, lose in the mean per call against the best of the four ways."""
        best = max(one.mean for one in (self.score, self.learned, *self.always))
        return best - self.score.mean, best - self.learned.mean


def judged(drawn: Collection[Drawn]) -> Judgement:
    """Whether these drawn calls show what was learned to do better than the score."""
    groups = len({one.group for one in drawn})
    missing = _missing(drawn, groups)
    if missing:
        return Judgement(len(drawn), groups, missing)
    return Judgement(len(drawn), groups, None, _estimate(drawn, lambda one: one.of(one.learned) - one.of(one.scored)))


def report(drawn: Collection[Drawn]) -> Report | Judgement:
    """All that these drawn calls say; only the judgement where they are too few."""
    judgement = judged(drawn)
    if judgement.missing:
        return judgement
    return Report(
        judgement,
        score=_estimate(drawn, lambda one: one.of(one.scored)),
        learned=_estimate(drawn, lambda one: one.of(one.learned)),
        always=(_estimate(drawn, lambda one: one.worth[0]), _estimate(drawn, lambda one: one.worth[1])),
    )


def _missing(drawn: Collection[Drawn], groups: int) -> str | None:
    on_agno = sum(one.route == "agno" for one in drawn)
    floors = (
        (len(drawn), FLOOR_CALLS, "drawn calls"),
        (on_agno, FLOOR_EACH, "drawn calls on agno"),
        (len(drawn) - on_agno, FLOOR_EACH, "drawn calls on downstream"),
        (groups, FLOOR_GROUPS, "separate draws"),
    )
    return next((f"{have} of {floor} {what}" for have, floor, what in floors if have < floor), None)


def _estimate(drawn: Collection[Drawn], value: Callable[[Drawn], float]) -> Estimate:
    """The mean over calls, and its interval over groups (the ratio of two sums over groups, linearised)."""
    sums: defaultdict[Group, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for one in drawn:
        of_group = sums[one.group]
        of_group[0] += value(one)
        of_group[1] += 1
    groups, calls = len(sums), len(drawn)
    mean = sum(total for total, _ in sums.values()) / calls
    squares = sum((total - count * mean) ** 2 for total, count in sums.values())
    error = sqrt(squares * groups / (groups - 1)) / calls
    scaled = groups * _RHO_SQUARED
    half = error * sqrt(2 * (1 + 1 / scaled) * log(sqrt(scaled + 1) / ALPHA))
    half += 1 / min(one.likelihood for one in drawn) / groups * log(1 / ALPHA) / 3
    return Estimate(mean, mean - half, mean + half)
