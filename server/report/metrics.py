"""The operator's `success_metrics`, each with its figure, between what it lies, and what follows from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from server.bridge.decision import Route
from server.bridge.figures import Figures
from server.report.amounts import ms, percent
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
    name, by, agno, downstream = "response_time_improvement", found.faster, found.agno, found.downstream
    if by is None or agno.p95_ms is None or downstream.p95_ms is None:
        return _too_few(name, "users", (agno.users, downstream.users), FEWEST_USERS)
    answers = (agno.calls - agno.errors, downstream.calls - downstream.errors)
    if min(answers) < FEWEST_ANSWERS:
        return _too_few(name, "answers", answers, FEWEST_ANSWERS)
    times, least, most = (f"{1 - share:.2g}" for share in (by.figure, by.high, by.low))
    return _metric(
        name,
        Difference(100 * by.figure, 100 * by.low, 100 * by.high),
        "percent",
        f"95 % of answers come within {ms(agno.p95_ms)} from the agent and {ms(downstream.p95_ms)} from the server, "
        f"{times} times as long (between {least} and {most} times)",
    )


def _fewer_errors(found: Comparison) -> Metric:
    name, by, agno, downstream = "error_rate_reduction", found.fewer_errors, found.agno, found.downstream
    if by is None or agno.error_rate is None or downstream.error_rate is None:
        return _too_few(name, "users", (agno.users, downstream.users), FEWEST_USERS)
    by = Difference(100 * by.figure, 100 * by.low, 100 * by.high)
    return _metric(
        name,
        by,
        "percentage points",
        f"{percent(agno.error_rate)} of the agent's calls fail and {percent(downstream.error_rate)} of the server's, "
        + _between(by, "percentage points", "fewer", "more"),
    )


def _higher_rated(found: Comparison) -> Metric:
    name, by, agno, downstream = "user_satisfaction", found.higher_rated, found.agno.rated, found.downstream.rated
    if not agno.ratings and not downstream.ratings:
        return Metric(name, "not measured", None, None, None, "nobody has rated an answer yet")
    if by is None:
        return _too_few(name, "users who rated", (agno.users, downstream.users), FEWEST_USERS)
    return _metric(
        name,
        by,
        "points of 5",
        f"the agent is rated {agno.mean:.1f} of 5 and the server {downstream.mean:.1f}, "
        + _between(by, "points", "higher", "lower"),
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


def _between(by: Difference, unit: str, above: str, below: str) -> str:
    """A difference in words, with between what it lies."""

    def said(figure: float) -> str:
        return f"{abs(figure):.1f} {above if figure >= 0 else below}"

    least, most = sorted((by.low, by.high), key=abs) if by.low * by.high > 0 else (by.low, by.high)
    return (
        f"{abs(by.figure):.1f} {unit} {above if by.figure >= 0 else below} (between {said(least)} and {said(most)})"
    )


def _too_few(name: str, what: str, have: tuple[int, int], needed: int) -> Metric:
    said = f"{what}: {have[0]} of the agent and {have[1]} of the server, and each needs {needed}"
    return Metric(name, "too few to tell", None, None, None, said)
