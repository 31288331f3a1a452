"""The operator's `success_metrics`, each with its figure, between what it lies, and what follows from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from server.bridge.decision import Route
from server.bridge.figures import Figures
from server.report.comparison import Comparison
from server.report.resampling import FEWEST_ANSWERS, FEWEST_USERS, Difference, Verdict

__all__ = ["Metric", "metrics_of"]

Unit = Literal["percent", "percentage points", "points of 5"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric; a figure above zero speaks for the agent. `said` is the same in words."""

    name: str
    verdict: Verdict | Literal["too few to tell", "not measured", "not comparable"]
    figure: float | None
    interval: tuple[float, float] | None
    unit: Unit | None
    said: str


def metrics_of(names: Sequence[str], found: Comparison, figures: Mapping[Route, Figures]) -> tuple[Metric, ...]:
    """The metrics of these names, in their order."""
    known = {
        "response_time_improvement": _faster(found),
        "error_rate_reduction": _fewer_errors(found),
        "user_satisfaction": _higher_rated(found),
        "memory_efficiency": _memory(figures),
    }
    return tuple(known[name] for name in names)


def _faster(found: Comparison) -> Metric:
    name, by = "response_time_improvement", found.faster
    if by is None:
        return _too_few(name, min(found.agno.users, found.downstream.users), "users")
    answers = min(arm.calls - arm.errors for arm in (found.agno, found.downstream))
    if answers < FEWEST_ANSWERS:
        return _too_few(name, answers, "answers", FEWEST_ANSWERS)
    by = Difference(100 * by.figure, 100 * by.low, 100 * by.high)
    return _metric(
        name,
        by,
        "percent",
        f"95 % of the agent's answers come within {abs(by.figure):.0f} % {'less' if by.figure >= 0 else 'more'} time "
        f"({by.low:+.0f} to {by.high:+.0f} % less)",
    )


def _fewer_errors(found: Comparison) -> Metric:
    name, by = "error_rate_reduction", found.fewer_errors
    if by is None:
        return _too_few(name, min(found.agno.users, found.downstream.users), "users")
    by = Difference(100 * by.figure, 100 * by.low, 100 * by.high)
    more = "fewer" if by.figure > 0 else "more"
    told = f"{abs(by.figure):.1f} percentage points {more} of the agent's calls fail" if by.figure else "as many fail"
    return _metric(name, by, "percentage points", f"{told} ({by.low:+.1f} to {by.high:+.1f} points fewer)")


def _higher_rated(found: Comparison) -> Metric:
    name, by = "user_satisfaction", found.higher_rated
    if not found.agno.rated.ratings and not found.downstream.rated.ratings:
        return Metric(name, "not measured", None, None, None, "nobody has rated an answer yet")
    if by is None:
        return _too_few(name, min(found.agno.rated.users, found.downstream.rated.users), "users who rated")
    higher = "higher" if by.figure >= 0 else "lower"
    return _metric(
        name,
        by,
        "points of 5",
        f"the agent is rated {abs(by.figure):.1f} points of 5 {higher} ({by.low:+.1f} to {by.high:+.1f})",
    )


def _memory(figures: Mapping[Route, Figures]) -> Metric:
    agno, downstream = (figures[route].memory_mb for route in ("agno", "downstream"))
    if agno is None or downstream is None:
        of = "the server" if agno is not None else "a run of the agent" if downstream is not None else "either route"
        return Metric("memory_efficiency", "not measured", None, None, None, f"there is no figure for {of} yet")
    return Metric(
        "memory_efficiency",
        "not comparable",
        None,
        None,
        None,
        f"a run of the agent adds {agno:.1f} MB to Sophia, the server's whole process holds {downstream:.1f} MB: two "
        "different measures, so neither is called better",
    )


def _metric(name: str, by: Difference, unit: Unit, said: str) -> Metric:
    return Metric(name, by.verdict, by.figure, (by.low, by.high), unit, said)


def _too_few(name: str, have: int, what: str, needed: int = FEWEST_USERS) -> Metric:
    said = f"{have} {what} on the route that has fewer of them, and {needed} are needed on each"
    return Metric(name, "too few to tell", None, None, None, said)
