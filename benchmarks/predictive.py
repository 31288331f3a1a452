"""Predictive allocation on synthetic calls of which the best route is known: what the learned rule, the score, and one who
knows lose per call.

Nothing here is a real call. In each world the two routes fail and take time as written below, by what a call is about and
whether the tool is busy; the score always chooses the same route. The calls go through the real learner one by one, with
its own exploration, and what it loses is counted on what it really chose, exploration included. Chance is seeded; the
figures of one world are means over several seeds.
"""

import random
import sys
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from math import exp
from statistics import fmean

from benchmarks.figures import Figure, Measured, Report, program, progress
from server.bridge.decision import Route
from server.bridge.learning.context import Context
from server.bridge.learning.learner import Learner
from server.bridge.learning.utility import Ended

__all__ = ["World", "worlds"]

ABOUT = "What predictive allocation loses per call, in utility of 0 to 1, beside the score"
TOOL = "gong_intelligence"
METRICS = ("response_time_improvement", "error_rate_reduction")
TARGET_MS = 150.0
CALLERS, CALLS_PER_HOUR, SEEDS = 50, 200, 3
SPREAD = 0.5
INTENTS = ("call_brief", "call_search", "rep_metric")


@dataclass(frozen=True, slots=True)
class Lot:
    """How calls of one kind go on one route."""

    typical_ms: float
    fails: float

    def worth(self) -> float:
        """The expected utility: of the error part exactly, of the time part by the quantiles of the lognormal."""
        steps = [-2.2, -1.2, -0.7, -0.3, 0.0, 0.3, 0.7, 1.2, 2.2]
        times = fmean(TARGET_MS / (TARGET_MS + self.typical_ms * exp(SPREAD * step)) for step in steps)
        return (1 - self.fails) * (1 + times) / 2


@dataclass(frozen=True, slots=True)
class World:
    """How calls go, by intent, whether the tool is busy and how far the run is, and what the score chooses."""

    name: str
    score: Route
    lot: Callable[[str, bool, float, Route], Lot]


def mixed(intent: str, busy: bool, _: float, route: Route) -> Lot:
    """Agno is better at briefs, downstream at searches, and agno suffers more when the tool is busy."""
    if route == "downstream":
        return Lot(220, 0.04) if intent == "call_brief" else Lot(90, 0.02)
    return Lot(90 if not busy else 260, 0.02) if intent == "call_brief" else Lot(200, 0.05)


def right(intent: str, busy: bool, _: float, route: Route) -> Lot:
    """What the score chooses is better for every call."""
    return Lot(80, 0.01) if route == "agno" else Lot(200, 0.05)


def same(intent: str, busy: bool, _: float, route: Route) -> Lot:
    """Both routes are alike: there is nothing to learn."""
    return Lot(120, 0.03)


def turning(intent: str, busy: bool, done: float, route: Route) -> Lot:
    """As `mixed`, until agno breaks half way: from then on it fails every third call."""
    if done >= 0.5 and route == "agno":
        return Lot(400, 0.33)
    return mixed(intent, busy, done, route)


def worlds() -> tuple[World, ...]:
    """Each with the score on one side."""
    return (
        World("each route is better for some calls, the score takes agno", "agno", mixed),
        World("each route is better for some calls, the score takes downstream", "downstream", mixed),
        World("the score is right for every call", "agno", right),
        World("both routes are alike", "downstream", same),
        World("agno breaks half way, the score takes downstream", "downstream", turning),
    )


@dataclass(frozen=True, slots=True)
class Lost:
    """The mean loss per call against one who knows, of all calls and of the last quarter."""

    learned: float
    score: float
    learned_last: float
    score_last: float
    took_over_at: int | None


def main() -> int:
    """Run the program."""
    return program("predictive", ABOUT, 10_000, "calls of each world and seed", measure)


def measure(calls: int) -> Report:
    """The losses in each world."""
    return Report(f"synthetic calls of {CALLERS} callers, {SEEDS} seeds", tuple(_figures(calls)))


def _figures(calls: int) -> Generator[Figure, None, None]:
    for world in worlds():
        lost: list[Lost] = []
        for seed in range(SEEDS):
            progress(f"{world.name}: seed {seed + 1} of {SEEDS}")
            lost.append(lived(world, calls, seed))
        values: Mapping[str, Callable[[Lost], tuple[float, float]]] = {
            "mean loss of all calls": lambda one: (one.learned, one.score),
            "mean loss of the last quarter": lambda one: (one.learned_last, one.score_last),
        }
        for statistic, of in values.items():
            learned, score = (fmean(of(one)[side] for one in lost) for side in (0, 1))
            yield Figure(
                Measured(f"learned rule: {world.name}", statistic, learned, "utility", calls * SEEDS),
                Measured("score", statistic, score, "utility", calls * SEEDS),
            )
        took = [one.took_over_at for one in lost if one.took_over_at is not None]
        yield Figure(
            Measured(f"learned rule: {world.name}", "seeds in which it took over", len(took), "seeds", SEEDS),
            Measured("seeds run", "limit", SEEDS, "seeds", None),
        )


def lived(world: World, calls: int, seed: int) -> Lost:
    """Let so many calls go through a learner."""
    chance = random.Random(seed)  # noqa: S311  (no secret)
    learner = Learner(METRICS)
    losses: list[tuple[float, float]] = []
    took_over_at: int | None = None
    for number in range(calls):
        hour, caller = number // CALLS_PER_HOUR, chance.randrange(CALLERS)
        intent, busy = chance.choice(INTENTS), hour % 3 == 0
        context = Context(intent, 2, busy, TARGET_MS, caller, learner.recent(TOOL))
        chosen = learner.chosen(TOOL, context, world.score, _share(seed, caller, hour))
        assert chosen.route is not None
        lots = {route: world.lot(intent, busy, number / calls, route) for route in ("agno", "downstream")}
        best = max(lot.worth() for lot in lots.values())
        losses.append((best - lots[chosen.route].worth(), best - lots[world.score].worth()))
        if took_over_at is None and learner.decides(TOOL):
            took_over_at = number
        how = _ended(lots[chosen.route], chance)
        learner.saw(TOOL, _content(context, hour, chosen.route, chosen.propensity, world.score, how))
    last = losses[-max(1, calls // 4) :]
    return Lost(
        fmean(learned for learned, _ in losses),
        fmean(score for _, score in losses),
        fmean(learned for learned, _ in last),
        fmean(score for _, score in last),
        took_over_at,
    )


def _share(seed: int, caller: int, hour: int) -> float:
    return int.from_bytes(blake2b(f"{seed}/{caller}/{hour}".encode(), digest_size=8).digest(), "big") / 2**64


def _ended(lot: Lot, chance: random.Random) -> Ended:
    return Ended(chance.random() >= lot.fails, lot.typical_ms * chance.lognormvariate(0, SPREAD))


def _content(
    context: Context, hour: int, route: Route, propensity: float | None, scored: Route, how: Ended
) -> Mapping[str, object]:
    """The decision as the decision log has it."""
    attempt = {"route": route, "latency_ms": how.latency_ms, "error": None if how.answered else "downstream"}
    return {
        "context": {**context.to_json(), "window": hour},
        "arm": None,
        "route": route,
        "score": 3 if scored == "agno" else 0,
        "propensity": propensity,
        "outcome": {"attempts": [attempt], "ended": "served" if how.answered else "failed"},
    }


if __name__ == "__main__":
    sys.exit(main())
