"""Whether the two routes of a call say the same: pure, from both answers to a small record.

Both routes seldom word or measure everything alike, so only what both of them give as typed values is held together:
the figures that `SHARED` names for a tool, and what both cite, calls by call, messages by message. Figures are the same
when they are at the precision in which the existing tool shows them; counts, names and days when they are equal. What
either infers (candidates: possible objections, next steps) is left out, since two methods may rightly find different
ones; so is prose. Where nothing is shared the record says so instead of guessing.

The record names figures and never holds a value: it is kept in the decision log, which is no place for what customers
said.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue

from agents.outcome import Answered
from agents.result import CallCitation, Citation, MessageCitation

__all__ = ["SHARED", "Agreement", "Compared", "Shared", "compared"]

Agreement = Literal["agree", "differ", "one_failed", "both_failed", "not_comparable"]


@dataclass(frozen=True, slots=True)
class Shared:
    """One value that both routes of a tool give: its name, and where it stands in the data of each.

    A step of a path is a key, a place in a list, or the `name` or `metric` of one of its elements. `digits` after the
    point are compared; None compares values as they are.
    """

    name: str
    agno: str
    downstream: str
    digits: int | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """How the answers of one pair compare: how many values are the same, and the names of those that differ."""

    agreement: Agreement
    same: int = 0
    differing: tuple[str, ...] = ()


def _alike(*names: str) -> tuple[Shared, ...]:
    """Values of a tool whose routes answer in the same shape."""
    return tuple(Shared(path.rsplit(".", 1)[-1], path, path) for path in names)


SHARED: Mapping[str, Sequence[Shared]] = {
    "gong_intelligence": (
        Shared("talk_ratio", "call_brief.0.brief.rep_share", "downstream.talk_ratio", 4),
        Shared("company_questions", "call_brief.0.brief.company_questions", "downstream.questions.company"),
        Shared("customer_questions", "call_brief.0.brief.customer_questions", "downstream.questions.customer"),
        Shared("account", "call_brief.0.brief.call.account", "downstream.account"),
    ),
    "sales_coach": (
        Shared("talk_ratio", "coaching_report.0.figures.talk_ratio.mean", "downstream.averages.talk_ratio", 2),
        *(
            Shared(name, f"coaching_report.0.figures.{name}.mean", f"downstream.averages.{name}", digits)
            for name, digits in (
                ("longest_monologue_s", 2),
                ("switches_per_min", 2),
                ("patience_s", 2),
                ("questions_per_hour", 1),
            )
        ),
        Shared("calls", "coaching_report.0.figures.talk_ratio.calls", "downstream.calls_analyzed"),
    ),
    "hubspot_crm": (
        Shared("open", "pipeline_overview.0.open_deals", "downstream.metrics.open"),
        Shared("won", "pipeline_overview.0.key_figures.deals_won.value", "downstream.metrics.won"),
        Shared("win_rate", "pipeline_overview.0.key_figures.win_rate.value", "downstream.metrics.win_rate", 4),
        Shared("revenue", "pipeline_overview.0.key_figures.revenue.value", "downstream.metrics.revenue", 2),
        Shared(
            "average_deal",
            "pipeline_overview.0.key_figures.average_deal_value.value",
            "downstream.metrics.average_deal",
            2,
        ),
    ),
    "snowflake_analyst": _alike(
        "metric.0.metric",
        "metric.0.period",
        "metric.0.figures",
        "metric.0.groups",
    ),
    "slack_orchestrator": _alike("search_messages.0.total"),
}


def compared(tool: str, agno: Answered | None, downstream: Answered | None) -> Compared:
    """How the two answers to a call of this tool compare; None is a route that gave none."""
    if agno is None or downstream is None:
        return Compared("both_failed" if agno is downstream else "one_failed")
    same: list[str] = []
    differing: list[str] = []
    for shared in SHARED.get(tool, ()):
        one, other = _at(agno.data, shared.agno), _at(downstream.data, shared.downstream)
        if one is not None and other is not None:
            (same if _equal(one, other, shared.digits) else differing).append(shared.name)
    for name, one, other in (
        ("cited calls", _calls(agno.citations), _calls(downstream.citations)),
        ("cited messages", _messages(agno.citations), _messages(downstream.citations)),
    ):
        if one and other:
            (same if one == other else differing).append(name)
    if not same and not differing:
        return Compared("not_comparable")
    return Compared("differ" if differing else "agree", len(same), tuple(differing))


def _at(data: Mapping[str, JsonValue], path: str) -> JsonValue:
    """What stands at a path; None where nothing does."""
    found: JsonValue = dict(data)
    for step in path.split("."):
        if isinstance(found, dict):
            found = found.get(step)
        elif isinstance(found, list):
            found = _element(found, step)
        else:
            return None
    return found


def _element(listed: Sequence[JsonValue], step: str) -> JsonValue:
    if step.isdigit():
        return listed[int(step)] if int(step) < len(listed) else None
    named = (one for one in listed if isinstance(one, dict) and step in (one.get("name"), one.get("metric")))
    return next(named, None)


def _equal(one: JsonValue, other: JsonValue, digits: int | None) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(value, other[key], digits) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(lambda a, b: _equal(a, b, digits), one, other))
    if not (isinstance(one, int | float) and isinstance(other, int | float)):
        return one == other
    # Half a unit of the last digit that is shown, and a hair for what binary fractions lose.
    shown = 0.0 if digits is None else 0.5 * 10**-digits
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=shown)


def _calls(citations: Iterable[Citation]) -> frozenset[str]:
    return frozenset(one.call_id for one in citations if isinstance(one, CallCitation))


def _messages(citations: Iterable[Citation]) -> frozenset[str]:
    return frozenset(one.id for one in citations if isinstance(one, MessageCitation))
