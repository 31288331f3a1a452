"""A report in plain English: the same rows and sentences for the terminal and for the page."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from server.bridge.decision import Route
from server.bridge.figures import Figures
from server.bridge.learning.replay import Judgement, Report
from server.report.amounts import amount, ms, percent
from server.report.comparison import Arm, Rated
from server.report.drawn import Drawn
from server.report.gathered import ToolReport
from server.report.pairs import Pairs
from server.report.resampling import FEWEST_ANSWERS, FEWEST_USERS, RESAMPLES

__all__ = ["METHOD", "TITLES", "Row", "notes", "rows"]

NOTHING = "–"
NOT_MEASURED = "not measured"
TITLES: Mapping[str, str] = {
    "response_time_improvement": "Response time",
    "memory_efficiency": "Memory",
    "user_satisfaction": "Satisfaction",
    "error_rate_reduction": "Failures",
}
METHOD = (
    "Only calls that were drawn between both routes are compared, each by how the route it was drawn to did, before the "
    "other one helped out. Brackets hold 95 % intervals: Wilson's for failures, made wider where calls of one user are "
    f"alike; for times and ratings from {RESAMPLES} resamples of whole users. Nothing is concluded from fewer than "
    f"{FEWEST_USERS} users, or of times from fewer than {FEWEST_ANSWERS} answers, on either route. Memory, tokens, cost and credits are of all calls of a route, drawn or not. "
    "This is one look at the past; whether a stage may advance is for the gates (`sophia rollout status`)."
)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table of figures."""

    label: str
    agno: str
    downstream: str


def rows(one: ToolReport) -> Iterator[Row]:
    """Both arms, figure by figure."""
    agno, downstream = one.comparison.agno, one.comparison.downstream
    yield Row("calls (users)", *(f"{arm.calls:,} ({arm.users:,})" for arm in (agno, downstream)))
    yield Row("failed", *map(_failed, (agno, downstream)))
    yield Row("half answered within", *(_within(arm.p50_ms, arm.p50_interval_ms) for arm in (agno, downstream)))
    yield Row("95 % answered within", *(_within(arm.p95_ms, arm.p95_interval_ms) for arm in (agno, downstream)))
    yield Row("rated 1 to 5", *(_rated(arm.rated) for arm in (agno, downstream)))
    yield Row(
        "answers rated", *(f"{arm.rated.ratings:,} of {arm.calls - arm.errors:,}" for arm in (agno, downstream))
    )
    of = one.figures
    yield Row("memory", _memory("agno", of["agno"]), _memory("downstream", of["downstream"]))
    yield Row("model tokens a call", *(_tokens(of[route]) for route in ("agno", "downstream")))
    yield Row("model price a call", *(_each(of[route].cost, of[route]) for route in ("agno", "downstream")))
    yield Row("server credits a call", *(_each(of[route].credits, of[route]) for route in ("agno", "downstream")))


def notes(one: ToolReport) -> Iterator[str]:
    """What else there is to know, a sentence or two each."""
    for name, arm in (("the agent", one.comparison.agno), ("the server", one.comparison.downstream)):
        if arm.errors:
            kinds = ", ".join(f"{kind.replace('_', ' ')} {count}" for kind, count in arm.errors_by_kind.items())
            yield f"Failures of {name} by kind: {kinds}."
    yield "Shadow runs: none." if one.pairs is None else _shadow(one.pairs)
    yield _allocation(one.allocation)
    if outside := list(_outside(one.drawn)):
        yield f"Outside of the comparison: {'; '.join(outside)}."


def _outside(drawn: Drawn) -> Iterator[str]:
    for number, what in (
        (drawn.not_drawn, "call{} not drawn between the routes"),
        (drawn.not_counted, "call{} that tell nothing of a route, such as a caller's own mistake"),
        (drawn.rated_elsewhere, "rating{} of answers that neither arm gave"),
    ):
        if number:
            yield f"{number:,} {what.format('' if number == 1 else 's')}"


def _failed(arm: Arm) -> str:
    if arm.error_rate is None:
        return "no calls"
    low, high = arm.error_interval
    return f"{percent(arm.error_rate)} ({percent(low)} to {percent(high)})"


def _within(value: float | None, interval: tuple[float, float] | None) -> str:
    if value is None:
        return "no answer"
    return ms(value) + (f" ({ms(interval[0])} to {ms(interval[1])})" if interval else "")


def _rated(rated: Rated) -> str:
    if rated.mean is None:
        return "no ratings"
    return f"{rated.mean:.1f}" + (f" ({rated.interval[0]:.1f} to {rated.interval[1]:.1f})" if rated.interval else "")


def _memory(route: Route, figures: Figures) -> str:
    if figures.memory_mb is None:
        return NOT_MEASURED
    return f"{figures.memory_mb:,.1f} MB {'a run' if route == 'agno' else 'its whole process'}"


def _tokens(figures: Figures) -> str:
    if figures.input_tokens is None and figures.output_tokens is None:
        return NOT_MEASURED
    return _each((figures.input_tokens or 0) + (figures.output_tokens or 0), figures)


def _each(total: float | None, figures: Figures) -> str:
    if total is None or not figures.attempts:
        return NOT_MEASURED
    return f"{amount(total / figures.attempts)} ({amount(total)} in all)"


def _shadow(found: Pairs) -> str:
    told = f"Shadow runs: {_count(found.pairs, 'call')} ran on both routes. "
    if found.share is None:
        told += "None of them could be compared"
    else:
        low, high = found.interval
        told += (
            f"{found.agreed:,} of the {found.agreed + found.differed:,} that could be compared agreed, "
            f"{percent(found.share)} ({percent(low)} to {percent(high)})"
        )
    told += f"; one route failed in {found.one_failed:,}, both in {found.both_failed:,}"
    told += f", {found.not_comparable:,} could not be compared." if found.not_comparable else "."
    if found.differing:
        told += (
            " Most often different: " + ", ".join(f"{name} {count}" for name, count in found.differing.items()) + "."
        )
    return told


def _allocation(found: Report | Judgement) -> str:
    if isinstance(found, Judgement):
        return f"Learned allocation: insufficient ({found.missing})."
    judgement, (by_score, learned) = found.judgement, found.regret
    gained = judgement.advantage
    advantage = f" ({gained.mean:+.3f}, {gained.low:+.3f} to {gained.high:+.3f})" if gained else ""
    agno, downstream = found.always
    return (
        f"Learned allocation, by replay of {_count(judgement.calls, 'drawn call')}: on a scale from 0 to 1 a call is "
        f"worth {found.score.mean:.3f} as the score chooses and {found.learned.mean:.3f} as was learned{advantage}; "
        f"always agno {agno.mean:.3f}, always downstream {downstream.mean:.3f}. Lost per call against the best of these: "
        f"{by_score:.3f} by the score, {learned:.3f} by what was learned."
    )


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
