"""`trackers`: how often, by whom and when something was said: packaged trackers, or phrases of the caller's own."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from agents.analysis.calls.conversation import Conversation
from agents.analysis.calls.trackers import Affiliation, Occurrence, SaidAt, Tracker, Unit, needs_times, track
from agents.call_tools.evidence import Evidence, headline, more, said
from agents.call_tools.material import (
    ROW_LIMIT,
    CallRow,
    Material,
    Quoted,
    call_row,
    cut_note,
    gather,
    in_english,
    one_by_one,
    quoted,
)
from agents.call_tools.packaged import packaged
from agents.call_tools.scope import ScopeParameters
from agents.result import Record
from agents.sources import Sources
from agents.tool import Observation, Tool

__all__ = ["TRACKERS", "TrackerFile"]

_OWN = "your phrases"
_QUOTES = 2
_FINDINGS = 3
_TOPICS = 8


class TrackerEntry(BaseModel):
    """One tracker of the packaged file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    phrases: tuple[str, ...]
    related_forms: bool = True
    affiliation: Affiliation = "Anyone"
    part_of_question: bool = False
    said_at: SaidAt = "Anytime"
    interval: float = 0.0
    unit: Unit = "minutes"


class TrackerFile(BaseModel):
    """The packaged file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    trackers: tuple[TrackerEntry, ...]


class TrackerParameters(ScopeParameters):
    """Which trackers, or which phrases, on which calls."""

    tracker: str | None = Field(default=None, description="one packaged tracker by name; all of them if left out")
    phrases: list[str] | None = Field(
        default=None, max_length=40, description="phrases of your own to track instead of the packaged trackers"
    )
    related_forms: bool = Field(default=True, description="whether inflections of your phrases count")
    affiliation: Affiliation | None = Field(
        default=None, description="whose words count: Company (the seller's), NonCompany (the customer's) or Anyone"
    )
    part_of_question: bool | None = Field(default=None, description="true: only inside a question")
    said_at: SaidAt | None = Field(default=None, description="which part of the call counts")
    said_at_interval: float | None = Field(default=None, gt=0, description="how much of it, with First or Last")
    said_at_unit: Unit | None = Field(default=None, description="minutes or percent")


class OccurrenceView(Record):
    """One place."""

    call_id: str
    phrase: str = Field(description="as the tracker spells it")
    quote: Quoted


class TrackerView(Record):
    """One tracker and what it met; the counts are of all occurrences."""

    name: str
    phrases: list[str]
    related_forms: bool
    affiliation: Affiliation
    part_of_question: bool
    said_at: SaidAt
    said_at_interval: float | None
    said_at_unit: Unit | None
    count: int
    by_company: int
    by_customer: int
    by_unknown: int
    calls: int = Field(description="calls with at least one")
    occurrences: list[OccurrenceView]


class RecordedView(Record):
    """What the recorder itself found, added up over the calls."""

    kind: Literal["tracker", "topic"]
    name: str
    count: int | None = Field(description="hits of a tracker")
    duration_s: float | None = Field(description="of a topic")
    calls: int


class TrackersData(Record):
    """All trackers applied."""

    calls: list[CallRow]
    trackers: list[TrackerView]
    recorded: list[RecordedView]
    source: str


async def _run(sources: Sources, parameters: TrackerParameters) -> Observation:
    known = packaged("trackers", TrackerFile)
    chosen, notes = _chosen(parameters, known)
    material = in_english(await gather(sources, parameters), "tracked phrases")
    evidence = material.evidence()
    found: list[tuple[Conversation, Occurrence]] = []
    async for talk in one_by_one(material.conversations):
        found += [(talk, hit) for hit in track(talk, chosen)]
    clockless = [talk for talk in material.conversations if not talk.timed]
    barred = [tracker.name for tracker in chosen if needs_times(tracker)] if clockless else []
    if barred:
        notes.append(
            f"{', '.join(barred)} counts minutes, which {len(clockless)} of the transcripts do not have: not applied there."
        )
    kept = found[:ROW_LIMIT]
    views = [_view(evidence, tracker, found, kept) for tracker in chosen]
    recorded = _recorded(material)
    data = TrackersData(
        calls=[call_row(call) for call in material.calls],
        trackers=views,
        recorded=recorded,
        source=_OWN if parameters.phrases else known.source,
    )
    text = material.nothing or _text(material, views, found)
    text = "\n".join([text, *_recorded_text(recorded)])
    every = (*material.notes, *notes, *cut_note(len(found), "occurrences"))
    return Observation(text, data, evidence.findings, evidence.citations, every)


def _chosen(parameters: TrackerParameters, known: TrackerFile) -> tuple[list[Tracker], list[str]]:
    """The trackers that are meant, with what the caller set beside them."""
    if parameters.phrases:
        entries = [
            TrackerEntry(
                name=", ".join(parameters.phrases[:3]) + (" …" if len(parameters.phrases) > 3 else ""),
                phrases=tuple(parameters.phrases),
                related_forms=parameters.related_forms,
            )
        ]
        return [_set(entries[0], parameters)], []
    wanted = (parameters.tracker or "").casefold()
    entries = [entry for entry in known.trackers if wanted in ("", entry.name.casefold())]
    if entries:
        return [_set(entry, parameters) for entry in entries], []
    names = ", ".join(entry.name for entry in known.trackers)
    note = (
        f"There is no tracker “{parameters.tracker}”, so all were applied: {names}. Give phrases to track your own."
    )
    return [_set(entry, parameters) for entry in known.trackers], [note]


def _set(entry: TrackerEntry, parameters: TrackerParameters) -> Tracker:
    moved = parameters.said_at is not None and parameters.said_at_interval is not None
    return Tracker(
        name=entry.name,
        phrases=entry.phrases,
        related_forms=entry.related_forms,
        affiliation=parameters.affiliation or entry.affiliation,
        part_of_question=entry.part_of_question
        if parameters.part_of_question is None
        else parameters.part_of_question,
        said_at=parameters.said_at if moved and parameters.said_at else entry.said_at,
        interval=parameters.said_at_interval if moved and parameters.said_at_interval else entry.interval,
        unit=(parameters.said_at_unit or "minutes") if moved else entry.unit,
    )


def _view(
    evidence: Evidence,
    tracker: Tracker,
    found: Sequence[tuple[Conversation, Occurrence]],
    kept: Sequence[tuple[Conversation, Occurrence]],
) -> TrackerView:
    hits = [(talk, hit) for talk, hit in found if hit.tracker == tracker.name]
    sides = Counter(hit.line.speaker.side for _, hit in hits)
    calls = len({talk.call.id for talk, _ in hits})
    for talk, hit in hits[:_FINDINGS]:
        evidence.fact(f"“{hit.phrase}” ({tracker.name}) was said on {talk.call.title}", talk, [hit.line])
    limited = tracker.said_at != "Anytime"
    return TrackerView(
        name=tracker.name,
        phrases=list(tracker.phrases),
        related_forms=tracker.related_forms,
        affiliation=tracker.affiliation,
        part_of_question=tracker.part_of_question,
        said_at=tracker.said_at,
        said_at_interval=tracker.interval if limited else None,
        said_at_unit=tracker.unit if limited else None,
        count=len(hits),
        by_company=sides["internal"],
        by_customer=sides["external"],
        by_unknown=sides["unknown"],
        calls=calls,
        occurrences=[
            OccurrenceView(call_id=talk.call.id, phrase=hit.phrase, quote=quoted(evidence, talk, [hit.line])[0])
            for talk, hit in kept
            if hit.tracker == tracker.name
        ],
    )


def _recorded(material: Material) -> list[RecordedView]:
    """The recorder's own trackers and topics; most hits and longest first."""
    hits: Counter[str] = Counter()
    seconds: Counter[str] = Counter()
    calls: Counter[tuple[str, str]] = Counter()
    for call in material.calls:
        for tracker in call.trackers:
            hits[tracker.name] += tracker.count
            calls["tracker", tracker.name] += tracker.count > 0
        for topic in call.topics:
            seconds[topic.name] += round(topic.duration_s)
            calls["topic", topic.name] += 1
    trackers = [
        RecordedView(kind="tracker", name=name, count=count, duration_s=None, calls=calls["tracker", name])
        for name, count in sorted(hits.items(), key=lambda item: (-item[1], item[0]))
    ]
    topics = [
        RecordedView(kind="topic", name=name, count=None, duration_s=float(length), calls=calls["topic", name])
        for name, length in sorted(seconds.items(), key=lambda item: (-item[1], item[0]))
    ]
    return [*trackers, *topics]


def _text(
    material: Material,
    views: Sequence[TrackerView],
    found: Sequence[tuple[Conversation, Occurrence]],
) -> str:
    where = headline(material.conversations[0]) if material.single else f"{len(material.conversations)} transcripts"
    met = sorted((view for view in views if view.count), key=lambda view: -view.count)
    lines = [f"**Trackers** on {where}"] if material.single else [f"**Trackers on {where}**, most often met first"]
    for view in met:
        on = "" if material.single else f", on {view.calls} call{'s' * (view.calls > 1)}"
        lines.append(f"- **{view.name}** {view.count}: {_sides(view)}{on}{_limits(view)}")
        shown = [(talk, hit) for talk, hit in found if hit.tracker == view.name][: _QUOTES if len(met) < 5 else 1]
        lines += [f"  - {_call(talk, material)}{said(talk, [hit.line])}" for talk, hit in shown]
    silent = [view.name + _limits(view) for view in views if not view.count]
    if silent:
        lines.append(f"- Not met by their phrases: {', '.join(silent)}.")
    return "\n".join(lines)


def _call(talk: Conversation, material: Material) -> str:
    return "" if material.single else f"{talk.call.started.date().isoformat()} {talk.call.title} "


def _sides(view: TrackerView) -> str:
    parts = [("customer", view.by_customer), ("seller", view.by_company), ("side unknown", view.by_unknown)]
    return ", ".join(f"{label} {count}" for label, count in parts if count)


def _limits(view: TrackerView) -> str:
    limits: list[str] = []
    if view.affiliation != "Anyone":
        limits.append("the customer's words only" if view.affiliation == "NonCompany" else "the seller's words only")
    if view.part_of_question:
        limits.append("in questions")
    if view.said_at_interval is not None:
        part = view.said_at.lower()
        unit = "%" if view.said_at_unit == "percent" else "min"
        limits.append(f"in the {part} {view.said_at_interval:g} {unit}")
    return f" ({', '.join(limits)})" if limits else ""


def _recorded_text(recorded: Sequence[RecordedView]) -> list[str]:
    trackers = [f"{it.name} {it.count}" for it in recorded if it.kind == "tracker" and it.count]
    topics = [f"{it.name} {(it.duration_s or 0) / 60:.0f} min" for it in recorded if it.kind == "topic"]
    lines = [f"- The recorder's own trackers: {', '.join(trackers[:_TOPICS])}"] if trackers else []
    if topics:
        lines += [
            f"- The recorder's topics: {', '.join(topics[:_TOPICS])}",
            *more(len(topics), min(len(topics), _TOPICS)),
        ]
    return lines


TRACKERS = Tool(
    name="trackers",
    description=(
        "Keyword trackers and topics: how often pricing, discount, budget, competition, legal and security, timeline, "
        "integration, pain and others came up, by which side and when, with Gong's settings (whose words, only in "
        "questions, only in the first or last minutes or percent); or phrases of your own; and the recorder's own "
        "trackers and topics."
    ),
    cues=("trackers", "tracker", "topics", "topic", "keywords", "keyword", "how often", "trending topics", "themes"),
    parameters=TrackerParameters,
    data=TrackersData,
    needs="calls",
    run=_run,
)
