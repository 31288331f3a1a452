"""`coaching_report`: one seller's calls over a period: figures, three things that work, two to tighten, one exercise.

Only calls speak: without a call there is no word about a person, and comparisons with the team appear from five
calls on each side. It is a draft for the manager, who decides what to do with it; nothing is ever sent.
"""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from agents.call_tools.coaching_figures import (
    Trend,
    WeekRow,
    figure_table,
    figures_of,
    own_values,
    team_values,
    weeks_of,
)
from agents.call_tools.coaching_points import (
    EXERCISES,
    CoachedCall,
    Point,
    Priority,
    coached,
    to_tighten,
    what_works,
)
from agents.call_tools.coaching_scope import RepParameters, Subject, coaching_data, gather_calls, subject_of
from agents.call_tools.evidence import Evidence, more, said
from agents.call_tools.manager_relation import asks_for_relation, may_hear
from agents.call_tools.material import CallRow, Quoted, call_row, one_by_one, quoted
from agents.call_tools.scope import call_source, scope_of, select
from agents.result import Record
from agents.sources import Sources
from agents.tool import Observation, Tool

__all__ = ["COACHING_REPORT", "HR_NOTE", "CoachingPoint", "coaching_point", "point_text"]

HR_NOTE = "Coaching points are candidates from calls, for a manager to check; no basis for HR use. Nothing was sent."
WORKS, TIGHTEN, EVERY_RULE = 3, 2, 8
CONFIDENCE = 0.6


class CoachingPoint(Record):
    """One observation and where to listen. `category` and `priority` are the first system's."""

    statement: str
    category: str
    priority: Priority | None = Field(description="null for what works")
    call_id: str
    quotes: list[Quoted]


class CategoryRow(Record):
    """One of the eight categories over these calls."""

    category: str
    title: str
    status: Literal["to_tighten", "nothing_found", "needs_human"]
    priority: Priority | None
    rule: str = Field(description="with its limits")
    rule_source: str
    why: str | None = Field(description="where it takes a person: why")


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
    weeks: list[WeekRow]
    works: list[CoachingPoint]
    tighten: list[CoachingPoint]
    categories: list[CategoryRow]
    exercise: str | None
    reps: list[RepCount] = Field(description="where no seller was named")


async def _report(sources: Sources, parameters: RepParameters) -> Observation:
    subject = await subject_of(sources, parameters)
    if subject.scope.rep is None and subject.scope.call_id is None:
        return await _ask_for_rep(sources, subject)
    material = await gather_calls(sources, subject)
    if not may_hear(parameters.relation, material.calls):
        who = next((call.owner for call in material.calls if call.owner), subject.scope.rep)
        return asks_for_relation(who, _empty(subject), material.notes)
    calls = [coached(talk) async for talk in one_by_one(material.conversations) if talk.rep is not None]
    rep = next((call.talk.rep.name for call in calls if call.talk.rep is not None), None)
    if rep is None:
        nothing = material.nothing or "Nobody on the seller's side is heard in these calls."
        text = f"{nothing} Without calls there is nothing to say about a person."
        return Observation(text, _empty(subject), notes=material.notes)
    team = await team_values(sources, subject, rep)
    evidence = Evidence()
    every = to_tighten(calls, EVERY_RULE)
    tighten = every[:TIGHTEN]
    keys = {point.key for point in tighten}
    works = [point for point in what_works(calls, EVERY_RULE) if point.key not in keys][:WORKS]
    data = CoachingData(
        rep=rep,
        period=subject.period,
        calls=[call_row(call.talk.call) for call in calls],
        figures=figures_of(own_values(calls), team),
        weeks=_weeks(calls),
        works=[coaching_point(evidence, point, None) for point in works],
        tighten=[coaching_point(evidence, point, point.priority) for point in tighten],
        categories=_categories(every),
        exercise=EXERCISES[tighten[0].key] if tighten else None,
        reps=[],
    )
    text = _text(data, works, tighten)
    return Observation(text, data, evidence.findings, evidence.citations, (*material.notes, HR_NOTE))


async def _ask_for_rep(sources: Sources, subject: Subject) -> Observation:
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


def _empty(subject: Subject) -> CoachingData:
    return CoachingData(
        rep=None, period=subject.period, calls=[], figures=[], weeks=[], works=[], tighten=[], categories=[],
        exercise=None, reps=[],
    )  # fmt: skip


def _weeks(calls: Sequence[CoachedCall]) -> list[WeekRow]:
    return [
        WeekRow(week=week.label, name=name, mean=week.mean, calls=week.calls, change=week.change)
        for name, weeks in weeks_of(calls).items()
        for week in weeks
    ]


def _categories(points: Sequence[Point]) -> list[CategoryRow]:
    pressing: dict[str, Priority] = {}
    for point in points:  # the most pressing of a category comes first
        pressing.setdefault(point.category, point.priority)
    listed: list[dict[str, Any]] = coaching_data("categories")["categories"]
    return [
        CategoryRow(
            category=one["id"],
            title=one["title"],
            status="needs_human"
            if one["needs_human"]
            else "to_tighten"
            if one["id"] in pressing
            else "nothing_found",
            priority=pressing.get(one["id"]),
            rule=one["rule"],
            rule_source=one["taken_from"],
            why=one["needs_human"],
        )
        for one in listed
    ]


def coaching_point(evidence: Evidence, point: Point, priority: Priority | None) -> CoachingPoint:
    """The observation as data, its sentences cited."""
    evidence.candidate(f"{point.statement} ({point.talk.call.title})", point.talk, point.lines, CONFIDENCE)
    return CoachingPoint(
        statement=point.statement,
        category=point.category,
        priority=priority,
        call_id=point.talk.call.id,
        quotes=quoted(evidence, point.talk, point.lines),
    )


def _text(data: CoachingData, works: Sequence[Point], tighten: Sequence[Point]) -> str:
    number = len(data.calls)
    head = f"**{data.rep}: coaching from {number} call{'s' * (number > 1)}** ({data.period})"
    parts = [head, figure_table(data.figures)] if data.figures else [head]
    if works:
        parts.append("\n".join(["**Works**", *map(point_text, works)]))
    if tighten:
        parts.append("\n".join(["**To tighten**", *(point_text(point, point.priority) for point in tighten)]))
    if data.exercise:
        parts.append(f"**Exercise** {data.exercise}")
    listen = [row.title.lower() for row in data.categories if row.status == "needs_human"]
    parts.append(f"Not judged here, it takes a listener: {', '.join(listen)}.")
    return "\n\n".join(parts)


def point_text(point: Point, priority: Priority | None = None) -> str:
    """One line: what, on which call, and the words."""
    where = f"{point.talk.call.started.date().isoformat()} {point.talk.call.title}"
    quotes = " → ".join(said(point.talk, [line]) for line in point.lines[:2])
    rank = f" ({priority})" if priority else ""
    return f"- {point.statement}{rank}. {where}: {quotes}"


COACHING_REPORT = Tool(
    name="coaching_report",
    description=(
        "Coaching note on one seller over a period: figures with the team beside them where there are enough calls, "
        "three things that work, two to tighten with their priority, one exercise, each with evidence from the calls."
    ),
    cues=(
        "coaching",
        "coach",
        "coaching report",
        "coaching note",
        "improve",
        "feedback",
        "strengths",
        "weaknesses",
        "exercise",
        "work on",
        "how is",
        "doing",
    ),
    parameters=RepParameters,
    data=CoachingData,
    needs="calls",
    run=_report,
)
