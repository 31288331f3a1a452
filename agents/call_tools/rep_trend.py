"""`rep_trend`: one seller's figures week by week, and before and after a day of coaching.

Weeks are ISO weeks; a week's figure is the mean of its calls' values. Before and after are compared, and nothing more:
what changed beside the coaching is not known, and under five calls on a side a difference is called too small to read.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from pydantic import Field

from agents.analysis.calls.comparison import MIN_CALLS
from agents.analysis.calls.weeks import BeforeAfter, Week, before_and_after
from agents.call_tools.coaching_figures import WeekRow, definitions, shown_change, values_of, weeks_of
from agents.call_tools.coaching_points import CoachedCall, coached
from agents.call_tools.coaching_scope import RepParameters, gather_calls, subject_of
from agents.call_tools.evidence import Evidence
from agents.call_tools.manager_relation import asks_for_relation, may_hear
from agents.call_tools.material import CallRow, call_row, one_by_one
from agents.call_tools.metrics import Definition
from agents.result import Record
from agents.sources import Sources
from agents.tool import Observation, Tool

__all__ = ["REP_TREND"]

_WEEKS_SHOWN = 12
_CITED = 10
_FORMULA = "A week's figure is the mean of its calls' values; the change is from the last week that has calls."


class TrendParameters(RepParameters):
    """Whose calls, and from which day on they were coached."""

    coached_on: date | None = Field(
        default=None, description="day of a coaching: the calls before it beside those from it on, ISO date"
    )


class BeforeAfterRow(Record):
    """One figure before and after the day of coaching."""

    name: str
    label: str
    before: float | None
    calls_before: int
    after: float | None
    calls_after: int
    change: float | None
    readable: bool = Field(description=f"false under {MIN_CALLS} calls on either side: too few to read a change from")


class TrendData(Record):
    """One seller's weeks."""

    rep: str | None
    period: str
    formula: str
    calls: list[CallRow]
    weeks: list[WeekRow]
    coached_on: date | None
    before_and_after: list[BeforeAfterRow]


async def _run(sources: Sources, parameters: TrendParameters) -> Observation:
    subject = await subject_of(sources, parameters)
    empty = _data(None, subject.period, (), parameters.coached_on)
    if subject.scope.rep is None and subject.scope.call_id is None:
        return Observation("**Whose trend?** Name the seller; the figures of several people make no trend.", empty)
    material = await gather_calls(sources, subject)
    if not may_hear(parameters.relation, material.calls):
        return asks_for_relation(subject.scope.rep, empty, material.notes)
    calls = [coached(talk) async for talk in one_by_one(material.conversations) if talk.rep is not None]
    if not calls:
        return Observation(material.nothing or "Nobody on the seller's side is heard.", empty, notes=material.notes)
    rep = next(call.talk.rep.name for call in calls if call.talk.rep is not None)
    data = _data(rep, subject.period, calls, parameters.coached_on)
    evidence = Evidence()
    _findings(evidence, rep, calls)
    return Observation(_text(data, calls), data, evidence.findings, evidence.citations, material.notes)


def _data(rep: str | None, period: str, calls: Sequence[CoachedCall], coached_on: date | None) -> TrendData:
    weeks = weeks_of(calls)
    sides = _sides(calls, coached_on)
    return TrendData(
        rep=rep,
        period=period,
        formula=_FORMULA,
        calls=[call_row(call.talk.call) for call in calls],
        weeks=[
            WeekRow(week=week.label, name=name, mean=week.mean, calls=week.calls, change=week.change)
            for name, listed in weeks.items()
            for week in listed
        ],
        coached_on=coached_on,
        before_and_after=[_row(definition, sides[definition.name]) for definition in definitions() if sides],
    )


def _sides(calls: Sequence[CoachedCall], coached_on: date | None) -> Mapping[str, BeforeAfter]:
    if coached_on is None or not calls:
        return {}
    dated = [(call.talk.call.started.date(), values_of(call.talk, call.interaction)) for call in calls]
    return {
        definition.name: before_and_after(
            [(day, values[definition.name]) for day, values in dated if definition.name in values], coached_on
        )
        for definition in definitions()
    }


def _row(definition: Definition, side: BeforeAfter) -> BeforeAfterRow:
    return BeforeAfterRow(
        name=definition.name,
        label=definition.label,
        before=side.before,
        calls_before=side.calls_before,
        after=side.after,
        calls_after=side.calls_after,
        change=side.change,
        readable=min(side.calls_before, side.calls_after) >= MIN_CALLS,
    )


def _findings(evidence: Evidence, rep: str, calls: Sequence[CoachedCall]) -> None:
    places = [(call.talk, call.talk.lines[0]) for call in calls[:_CITED]]
    for definition in definitions():
        weeks = weeks_of(calls)[definition.name]
        if not weeks:
            continue
        told = ", ".join(
            f"{week.label} {definition.shown(week.mean)} (n {week.calls})" for week in weeks[-_WEEKS_SHOWN:]
        )
        evidence.metric_over(f"{rep}, {definition.label.lower()} by ISO week: {told} (calls cited)", places)


def _text(data: TrendData, calls: Sequence[CoachedCall]) -> str:
    weeks = weeks_of(calls)
    number = len(calls)
    parts = [f"**{data.rep}: week by week, {number} call{'s' * (number > 1)}** ({data.period})", _table(weeks)]
    distinct = len({week.label for listed in weeks.values() for week in listed})
    if distinct < 2:
        parts.append("One week is no trend.")
    parts.append(data.formula)
    if data.before_and_after:
        parts.append(_compared(data))
    else:
        parts.append(
            "Whether a coaching helped: give its day as `coached_on`, and the calls before and after stand beside each other."
        )
    return "\n\n".join(parts)


def _table(weeks: Mapping[str, Sequence[Week]]) -> str:
    columns = [definition for definition in definitions() if weeks[definition.name]]
    labels = sorted({week.label for listed in weeks.values() for week in listed})
    counts = {week.label: week.calls for listed in weeks.values() for week in listed}
    lines = [
        "| week | n | " + " | ".join(column.label.lower() for column in columns) + " |",
        "|---" * (len(columns) + 2) + "|",
    ]
    for label in labels[-_WEEKS_SHOWN:]:
        cells: list[str] = []
        for column in columns:
            week = next((one for one in weeks[column.name] if one.label == label), None)
            cells.append(f"{column.shown(week.mean)}{shown_change(column, week.change)}" if week else "–")
        lines.append(f"| {label} | {counts[label]} | {' | '.join(cells)} |")
    if len(labels) > _WEEKS_SHOWN:
        lines.append(f"\n{len(labels) - _WEEKS_SHOWN} earlier weeks are in the data.")
    return "\n".join(lines)


def _compared(data: TrendData) -> str:
    shown = {definition.name: definition for definition in definitions()}
    lines = [
        f"**Before and from {data.coached_on} on**",
        "",
        "| figure | before | after | change |",
        "|---|---|---|---|",
    ]
    for row in data.before_and_after:
        definition = shown[row.name]
        lines.append(
            f"| {row.label} | {definition.shown(row.before)} (n {row.calls_before}) | {definition.shown(row.after)} "
            f"(n {row.calls_after}) |{shown_change(definition, row.change) or ' –'} |"
        )
    if all(row.readable for row in data.before_and_after):
        lines += ["", "This shows a change beside the coaching, not that the coaching caused it."]
    else:
        lines += ["", f"Too few calls to say whether the coaching helped: it takes {MIN_CALLS} on each side."]
    return "\n".join(lines)


REP_TREND = Tool(
    name="rep_trend",
    description=(
        "One seller's figures by ISO week (mean per call, change, number of calls), and before and after a day of "
        "coaching."
    ),
    cues=(
        "trend", "trending", "week over week", "week by week", "weekly", "over time", "did coaching help",
        "coaching help", "has improved", "progress", "is getting better", "before and after", "development",
    ),
    parameters=TrendParameters,
    data=TrendData,
    needs="calls",
    run=_run,
)  # fmt: skip
