"""`coaching_report`, `rep_calls`, `rep_statistics`: one seller's calls over a period.

Only calls speak: without a call there is no word about a person, and comparisons with the team appear from five
calls on each side. The manager decides what to do with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from pydantic import BaseModel, ConfigDict, Field, field_validator

from agents.analysis.calls.comparison import MIN_CALLS, compare, slope_per_call
from agents.analysis.calls.conversation import Conversation
from agents.analysis.calls.interaction import Interaction, interaction_of
from agents.analysis.calls.next_steps import next_steps_in
from agents.analysis.calls.objections import objections_in
from agents.analysis.periods import parse_period
from agents.call_tools.call_list import CallLine, list_calls
from agents.call_tools.call_statistics import StatisticsData, observe_statistics
from agents.call_tools.coaching_points import EXERCISES, CoachedCall, Point, to_tighten, what_works
from agents.call_tools.evidence import Evidence, more, said
from agents.call_tools.material import CallRow, Quoted, call_row, gather, one_by_one, quoted
from agents.call_tools.metrics import METRICS, measure
from agents.call_tools.scope import ScopeParameters, call_source, scope_of, select
from agents.result import Record
from agents.sources import SourceError, Sources
from agents.tool import Observation, Tool

__all__ = ["COACHING_REPORT", "REP_CALLS", "REP_STATISTICS", "RepParameters"]

_COMPARED = ("talk_ratio", "questions_per_hour", "patience_s", "longest_monologue_s", "switches_per_min")


class RepParameters(BaseModel):
    """Whose calls, or which call, and when."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rep: str | None = Field(default=None, description="full name of the seller")
    call_id: str | None = Field(default=None, description="one call, by its id")
    period: str | None = Field(default=None, description="2017-Q4, 2017-10, 2017-10-01..2017-12-31 or all")

    @field_validator("*", mode="before")
    @classmethod
    def _blank_is_open(cls, value: object) -> object:
        return None if isinstance(value, str) and not value.strip() else value


class Trend(Record):
    """One figure of the seller, beside the team's."""

    name: str
    label: str
    unit: str
    mean: float = Field(description="of the per-call values")
    calls: int
    change_per_call: float | None = Field(description="least squares, oldest to newest; null under five calls")
    team_median: float | None = Field(description="of the other sellers' calls; null under five calls on either side")
    team_percentile: int | None = Field(description="share of those calls below the mean, 0 to 100")
    team_calls: int


class CoachingPoint(Record):
    """One observation and where to listen."""

    statement: str
    call_id: str
    quotes: list[Quoted]


class RepCount(Record):
    """How many calls a seller has in the period."""

    rep: str
    calls: int


class CoachingData(Record):
    """One seller's report, or, without a seller, who has calls."""

    rep: str | None
    period: str
    calls: list[CallRow]
    figures: list[Trend]
    works: list[CoachingPoint]
    tighten: list[CoachingPoint]
    exercise: str | None
    reps: list[RepCount] = Field(description="where no seller was named")


class RepCallsData(Record):
    """A seller's calls, newest first."""

    lines: list[CallLine]


@dataclass(frozen=True, slots=True)
class _Subject:
    """Whom and when a report is about."""

    scope: ScopeParameters
    period: str
    notes: tuple[str, ...]


async def _subject(sources: Sources, parameters: RepParameters) -> _Subject:
    """The scope that the parameters mean. Raises SourceError for a period that cannot be read."""
    source = call_source(sources)
    if parameters.call_id is not None:
        scope = ScopeParameters(call_id=parameters.call_id)
        notes = ("The period was left aside: one call was asked for.",) if parameters.period else ()
        return _Subject(scope, "one call", notes)
    if parameters.period is None:
        return _Subject(ScopeParameters(rep=parameters.rep), "all calls", ())
    period = parse_period(parameters.period, await source.as_of())
    if period is None:
        message = f'"{parameters.period}" is no period. Write 2017-Q4, 2017-10, 2017-10-01..2017-12-31 or all.'
        raise SourceError("not_found", message)
    if period.is_all:
        return _Subject(ScopeParameters(rep=parameters.rep), "all calls", ())
    scope = ScopeParameters(
        rep=parameters.rep,
        from_date=None if period.from_date == date.min else period.from_date,
        to_date=None if period.to_date == date.max else period.to_date,
    )
    return _Subject(scope, period.label, ())


async def _report(sources: Sources, parameters: RepParameters) -> Observation:
    subject = await _subject(sources, parameters)
    if subject.scope.rep is None and subject.scope.call_id is None:
        return await _ask_for_rep(sources, subject)
    material = await gather(sources, subject.scope)
    material = replace(material, notes=(*subject.notes, *material.notes))
    calls = [_coached(talk) async for talk in one_by_one(material.conversations) if talk.rep is not None]
    rep = next((call.talk.rep.name for call in calls if call.talk.rep is not None), None)
    if rep is None:
        nothing = material.nothing or "Nobody on the seller's side is heard in these calls."
        return Observation(f"{nothing} Without calls there is nothing to say about a person.", _empty(subject),
                           notes=material.notes)  # fmt: skip
    team = await _team_values(sources, subject.scope, rep)
    evidence = Evidence()
    works, tighten = what_works(calls, 3), to_tighten(calls, 2)
    works = [point for point in works if point.key not in {other.key for other in tighten}]
    data = CoachingData(
        rep=rep,
        period=subject.period,
        calls=[call_row(call.talk.call) for call in calls],
        figures=_figures(calls, team),
        works=[_point(evidence, point) for point in works],
        tighten=[_point(evidence, point) for point in tighten],
        exercise=EXERCISES[tighten[0].key] if tighten else None,
        reps=[],
    )
    text = _text(data, works, tighten)
    notes = (
        *material.notes,
        "Coaching points are candidates from calls, for a manager to check; no basis for HR use.",
    )
    return Observation(text, data, evidence.findings, evidence.citations, notes)


async def _ask_for_rep(sources: Sources, subject: _Subject) -> Observation:
    selection = await select(call_source(sources), scope_of(subject.scope))
    counts: dict[str, int] = {}
    for call in selection.calls:
        if call.owner:
            counts[call.owner] = counts.get(call.owner, 0) + 1
    reps = [RepCount(rep=rep, calls=n) for rep, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    lines = [f"- {item.rep}: {item.calls} call{'s' * (item.calls > 1)}" for item in reps[:10]]
    head = f"**Whose calls? Sellers with calls ({subject.period}):**"
    text = (
        "\n".join([head, *lines, *more(len(reps), len(lines))]) if reps else selection.nothing or "No recorded calls."
    )
    return Observation(text, _empty(subject).model_copy(update={"reps": reps}), notes=selection.notes)


def _empty(subject: _Subject) -> CoachingData:
    return CoachingData(
        rep=None, period=subject.period, calls=[], figures=[], works=[], tighten=[], exercise=None, reps=[]
    )


def _coached(talk: Conversation) -> CoachedCall:
    return CoachedCall(talk, interaction_of(talk), objections_in(talk), next_steps_in(talk))


async def _team_values(sources: Sources, scope: ScopeParameters, rep: str) -> dict[str, list[float]]:
    """Per-call values of everybody else's calls in the same period; none where one call was asked for."""
    if scope.call_id is not None:
        return {}
    team = await gather(sources, scope.model_copy(update={"rep": None}))
    others = [talk for talk in team.conversations if talk.rep is not None and talk.rep.name != rep]
    values: dict[str, list[float]] = {}
    async for talk in one_by_one(others):
        _add_values(values, talk, interaction_of(talk))
    return values


def _add_values(values: dict[str, list[float]], talk: Conversation, interaction: Interaction) -> None:
    for metric in measure(talk, interaction):
        if metric.value is not None:
            values.setdefault(metric.name, []).append(metric.value)


def _figures(calls: Sequence[CoachedCall], team: Mapping[str, Sequence[float]]) -> list[Trend]:
    own: dict[str, list[float]] = {}
    for call in calls:
        _add_values(own, call.talk, call.interaction)
    trends: list[Trend] = []
    for definition in METRICS:
        values = own.get(definition.name, [])
        comparison = compare(values, team.get(definition.name, []))
        if definition.name not in _COMPARED or comparison is None:
            continue
        change = slope_per_call(values[::-1])
        trends.append(
            Trend(
                name=definition.name,
                label=definition.label,
                unit=definition.unit,
                mean=comparison.mean if definition.unit == "share" else round(comparison.mean, 3),
                calls=comparison.calls,
                change_per_call=None if change is None else round(change, 4),
                team_median=None if comparison.team_median is None else round(comparison.team_median, 3),
                team_percentile=comparison.team_percentile,
                team_calls=comparison.team_calls,
            )
        )
    return trends


def _point(evidence: Evidence, point: Point) -> CoachingPoint:
    evidence.candidate(f"{point.statement} ({point.talk.call.title})", point.talk, point.lines, 0.6)
    return CoachingPoint(
        statement=point.statement, call_id=point.talk.call.id, quotes=quoted(evidence, point.talk, point.lines)
    )


def _text(data: CoachingData, works: Sequence[Point], tighten: Sequence[Point]) -> str:
    number = len(data.calls)
    parts = [f"**{data.rep}: coaching from {number} call{'s' * (number > 1)}** ({data.period})", _table(data.figures)]
    if works:
        parts.append("\n".join(["**Works**", *map(_point_text, works)]))
    if tighten:
        parts.append("\n".join(["**To tighten**", *map(_point_text, tighten)]))
    if data.exercise:
        parts.append(f"**Exercise** {data.exercise}")
    return "\n\n".join(parts)


def _table(figures: Sequence[Trend]) -> str:
    shown = {definition.name: definition for definition in METRICS}
    compared = any(trend.team_median is not None for trend in figures)
    lines = ["| figure | mean | n |" + (" team median | percentile |" if compared else "")]
    lines.append("|---|---|---|" + ("---|---|" if compared else ""))
    for trend in figures:
        row = f"| {trend.label} | {shown[trend.name].shown(trend.mean)} | {trend.calls} |"
        if compared and trend.team_median is not None:
            row += f" {shown[trend.name].shown(trend.team_median)} (n {trend.team_calls}) | {trend.team_percentile} |"
        elif compared:
            row += " – | – |"
        lines.append(row)
    if not compared:
        lines.append(f"\nNo comparison with the team: it takes {MIN_CALLS} calls on each side.")
    return "\n".join(lines)


def _point_text(point: Point) -> str:
    where = f"{point.talk.call.started.date().isoformat()} {point.talk.call.title}"
    quotes = " → ".join(said(point.talk, [line]) for line in point.lines[:2])
    return f"- {point.statement}. {where}: {quotes}"


async def _calls(sources: Sources, parameters: RepParameters) -> Observation:
    subject = await _subject(sources, parameters)
    material = await gather(sources, subject.scope)
    if not material.calls:
        return Observation(material.nothing or "", RepCallsData(lines=[]), notes=material.notes)
    evidence = Evidence()
    text, lines = await list_calls(evidence, material)
    notes = (*subject.notes, *material.notes)
    return Observation(text, RepCallsData(lines=lines), evidence.findings, evidence.citations, notes)


async def _statistics(sources: Sources, parameters: RepParameters) -> Observation:
    subject = await _subject(sources, parameters)
    material = await gather(sources, subject.scope)
    return await observe_statistics(replace(material, notes=(*subject.notes, *material.notes)))


COACHING_REPORT = Tool(
    name="coaching_report",
    description=(
        "Coaching report of one seller over a period: figures with the team beside them where there are enough calls, "
        "three things that work, two to tighten, one exercise, each with evidence from the calls."
    ),
    cues=(
        "coaching",
        "coach",
        "coaching report",
        "improve",
        "feedback",
        "strengths",
        "weaknesses",
        "how is",
        "doing",
    ),
    parameters=RepParameters,
    data=CoachingData,
    needs="calls",
    run=_report,
)
REP_CALLS = Tool(
    name="rep_calls",
    description="The calls of one seller, newest first, one line each with objections and next step.",
    cues=("calls of", "list calls", "which calls", "calls by", "recent calls", "last calls"),
    parameters=RepParameters,
    data=RepCallsData,
    needs="calls",
    run=_calls,
)
REP_STATISTICS = Tool(
    name="rep_statistics",
    description="Talk ratio, monologues, patience, questions and pace per call of one seller, and their means.",
    cues=("talk ratio", "talk time", "statistics", "stats", "monologue", "trend", "patience", "question rate"),
    parameters=RepParameters,
    data=StatisticsData,
    needs="calls",
    run=_statistics,
)
