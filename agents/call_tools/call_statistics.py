"""`call_statistics`: how the floor was shared, per speaker and per call, each figure with its formula."""

from collections.abc import Sequence

from pydantic import Field

from agents.analysis.calls.conversation import Conversation
from agents.analysis.calls.interaction import Interaction, SpeakerFigures, interaction_of
from agents.analysis.calls.turns import Turn
from agents.call_tools.evidence import Evidence, clock, headline, more, percent, quote, reference
from agents.call_tools.material import CallRow, Material, call_row, gather, one_by_one
from agents.call_tools.metrics import METRICS, Definition, Mean, Metric, means_of, measure
from agents.call_tools.scope import ScopeParameters
from agents.call_tools.standing import Standing, standing_text, standings, team_figures
from agents.result import Record
from agents.sources import Sources
from agents.tool import Observation, Tool

__all__ = ["CALL_STATISTICS", "CallStatistics", "StatisticsData", "observe_statistics"]

_SHOWN = 10
_OVERLAP_WORTH_A_NOTE = 0.02
_COLUMNS = ("talk_ratio", "longest_monologue_s", "longest_customer_story_s", "switches_per_min", "patience_s",
            "questions_per_hour")  # fmt: skip


class SpeakerRow(Record):
    """One speaker's part in one call."""

    speaker: str
    side: str
    talk_time_s: float = Field(description="sum of the durations of the speaker's sentences")
    share: float = Field(description="of all talk time, 0 to 1; of all words where there are no times")
    words: int
    words_per_min: float | None
    longest_turn_s: float | None
    questions: int
    open_questions: int
    fillers: int


class CallStatistics(Record):
    """The figures of one call."""

    call: CallRow
    basis: str = Field(description="`time`, or `words` where the transcript has no times")
    speakers: list[SpeakerRow]
    company_share: float | None
    customer_share: float | None
    metrics: list[Metric]
    silence_s: float
    longest_silence_s: float
    overlap_s: float
    reply_gaps: int = Field(description="gaps that `patience_s` is the median of")


class TurnRule(Record):
    """What the figures depend on."""

    turn_gap_ms: int = Field(description="sentences of one speaker with gaps up to this are one turn")
    backchannel_under_words: int = Field(description="shorter sentences inside another's turn are backchannels")
    backchannel_max_ms: int


class StatisticsData(Record):
    """The figures of all calls in scope."""

    calls: list[CallStatistics] = Field(description="newest first")
    means: list[Mean]
    beside: list[Standing] = Field(
        description="figures for which somebody recommends a range, beside the team's calls"
    )
    rule: TurnRule


class StatisticsParameters(ScopeParameters):
    """Which calls, and whether others are read to compare them with."""

    beside: bool = Field(default=True, description="also set the figures beside those of the team's other calls")


async def _run(sources: Sources, parameters: StatisticsParameters) -> Observation:
    material = await gather(sources, parameters)
    team = await team_figures(sources, material) if parameters.beside else None
    return await observe_statistics(material, team)


async def observe_statistics(material: Material, team: Sequence[Sequence[Metric]] | None = None) -> Observation:
    """The statistics of calls that were read; beside the team's other calls and what others recommend, if `team` is given."""
    evidence = material.evidence()
    pairs = [(talk, interaction_of(talk)) async for talk in one_by_one(material.conversations)]
    calls = [_statistics(talk, figures) for talk, figures in pairs]
    means = means_of([call.metrics for call in calls])
    beside = [] if team is None else standings(means, team)
    data = StatisticsData(calls=calls, means=means, beside=beside, rule=_rule(pairs))
    for talk, figures in pairs:
        _findings(evidence, talk, figures)
    if material.nothing is not None:
        text = material.nothing
    elif len(pairs) == 1:
        text = _one(*pairs[0], calls[0])
    else:
        text = _several(calls, data.means)
    if beside:
        text = "\n".join([text, "", "**Beside the team and what is recommended**", *standing_text(beside)])
    notes = [*material.notes, *_notes(pairs)]
    return Observation(text, data, evidence.findings, evidence.citations, tuple(notes))


def _rule(pairs: Sequence[tuple[Conversation, Interaction]]) -> TurnRule:
    parameters = pairs[0][1].parameters if pairs else None
    return TurnRule(
        turn_gap_ms=parameters.turn_gap_ms if parameters else 0,
        backchannel_under_words=parameters.backchannel_under_words if parameters else 0,
        backchannel_max_ms=parameters.backchannel_max_ms if parameters else 0,
    )


def _statistics(talk: Conversation, figures: Interaction) -> CallStatistics:
    return CallStatistics(
        call=call_row(talk.call),
        basis="time" if talk.clocked else "words",
        speakers=[_speaker(part, timed=talk.clocked) for part in figures.speakers],
        company_share=_rounded(figures.company_share),
        customer_share=_rounded(figures.customer_share),
        metrics=measure(talk, figures),
        silence_s=figures.silence_ms / 1000,
        longest_silence_s=figures.longest_silence_ms / 1000,
        overlap_s=figures.overlap_ms / 1000,
        reply_gaps=figures.patience_gaps,
    )


def _speaker(part: SpeakerFigures, *, timed: bool) -> SpeakerRow:
    return SpeakerRow(
        speaker=part.speaker.name,
        side=part.speaker.side,
        talk_time_s=part.talk_ms / 1000,
        share=part.share,
        words=part.words,
        words_per_min=_rounded(part.words_per_min, 1),
        longest_turn_s=part.longest_turn.duration_ms / 1000 if part.longest_turn and timed else None,
        questions=part.questions,
        open_questions=part.open_questions,
        fillers=part.fillers,
    )


def _rounded(value: float | None, digits: int = 4) -> float | None:
    return None if value is None else round(value, digits)


def _one(talk: Conversation, figures: Interaction, statistics: CallStatistics) -> str:
    lines = [headline(talk), "", _verdict(talk, figures, statistics), ""]
    lines += ["| speaker | talk | share | words/min | questions (open) | fillers |", "|---|---|---|---|---|---|"]
    for row in statistics.speakers[:8]:
        pace = f"{row.words_per_min:.0f}" if row.words_per_min else "–"
        time = clock(round(row.talk_time_s * 1000)) if talk.clocked else f"{row.words} words"
        side = {"internal": "seller", "external": "customer"}.get(row.side, "side unknown")
        lines.append(
            f"| {row.speaker} ({side}) | {time} | {percent(row.share)} | {pace} "
            f"| {row.questions} ({row.open_questions}) | {row.fillers} |"
        )
    lines += more(len(statistics.speakers), min(8, len(statistics.speakers)))
    turns = {"longest_monologue_s": figures.longest_monologue, "longest_customer_story_s": figures.longest_story}
    told = [
        _turn_text(talk, definition, turn)
        for definition in METRICS
        if (turn := turns.get(definition.name)) is not None and talk.clocked
    ]
    told += _recorded_text(statistics)
    return "\n".join([*lines, "", *told] if told else lines)


def _verdict(talk: Conversation, figures: Interaction, statistics: CallStatistics) -> str:
    """The call in one or two sentences."""
    basis = "of the talk time" if talk.clocked else "by words, not time"
    who = figures.rep.name if figures.rep else None
    parts = [f"{who} talks {percent(figures.rep_share)} {basis}"] if who and figures.rep_share is not None else []
    if parts and figures.company_share is not None and figures.company_share != figures.rep_share:
        parts.append(f"the seller's side {percent(figures.company_share)}")
    shown = {definition.name: definition for definition in METRICS}
    parts += [
        f"{metric.label.lower()} {shown[metric.name].shown(metric.value)}"
        for metric in statistics.metrics
        if metric.value is not None and metric.name in _COLUMNS[3:]
    ]
    return "; ".join(parts) + "." if parts else "No side of the speakers is known, so there is no talk ratio."


def _turn_text(talk: Conversation, definition: Definition, turn: Turn) -> str:
    length = definition.shown(turn.duration_ms / 1000)
    return f"- {definition.label} {length}, from {reference(talk, turn.lines[0])} {quote(turn.lines[0].text)}"


def _recorded_text(statistics: CallStatistics) -> list[str]:
    """The recorder's own values, where it has any."""
    shown = {definition.name: definition for definition in METRICS}
    parts = [
        f"{metric.label.lower()} {shown[metric.name].shown(metric.recorded)}"
        for metric in statistics.metrics
        if metric.recorded is not None
    ]
    return [f"- The recorder's own values: {', '.join(parts)}"] if parts else []


def _several(calls: Sequence[CallStatistics], means: Sequence[Mean]) -> str:
    columns = [definition for definition in METRICS if definition.name in _COLUMNS]
    lines = [
        f"**Talk statistics of {len(calls)} calls**, newest first; the mean counts every call once.",
        "",
        "| call | " + " | ".join(column.label.lower() for column in columns) + " |",
        "|---" * (len(columns) + 1) + "|",
    ]
    for call in calls[:_SHOWN]:
        values = {metric.name: metric.value for metric in call.metrics}
        cells = " | ".join(column.shown(values[column.name]) for column in columns)
        lines.append(f"| {call.call.date} {_cell(call.call.title)} | {cells} |")
    mean = {item.name: item for item in means}
    cells = " | ".join(
        f"**{column.shown(mean[column.name].mean)}** (n {mean[column.name].calls})" if column.name in mean else "–"
        for column in columns
    )
    lines.append(f"| **mean** | {cells} |")
    return "\n".join([*lines, *more(len(calls), min(_SHOWN, len(calls)))])


def _cell(text: str) -> str:
    return text.replace("|", "/")


def _findings(evidence: Evidence, talk: Conversation, figures: Interaction) -> None:
    about = f"{talk.call.title}, {talk.call.started.date().isoformat()}"
    ends = (talk.lines[0], talk.lines[-1])
    if figures.rep is not None and figures.rep_share is not None:
        basis = "talk time" if talk.clocked else "words"
        statement = f"{about}: {figures.rep.name} has {percent(figures.rep_share)} of the {basis}"
        evidence.metric(f"{statement} (first and last sentence cited)", talk, ends)
    if not talk.clocked:
        return
    for label, turn in (
        ("longest monologue", figures.longest_monologue),
        ("longest customer story", figures.longest_story),
    ):
        if turn is not None:
            statement = f"{about}: {label} {turn.duration_ms / 1000:.0f} s by {turn.speaker.name}"
            evidence.metric(f"{statement} (its beginning and end cited)", talk, (turn.lines[0], turn.lines[-1]))


def _notes(pairs: Sequence[tuple[Conversation, Interaction]]) -> list[str]:
    notes: list[str] = []
    if any((figures.overlap_share or 0) > _OVERLAP_WORTH_A_NOTE for _, figures in pairs):
        notes.append("Where people speak at once each one's time counts in full; the overlap is in the data.")
    if any(talk.call.recorded_stats for talk, _ in pairs):
        notes.append("The recorder's own values stand beside ours; its formulas are not public, so they may differ.")
    if any(figures.company_share is None for _, figures in pairs):
        notes.append("On some calls nobody is known to be on the seller's side, so side figures are missing there.")
    return notes


CALL_STATISTICS = Tool(
    name="call_statistics",
    description=(
        "Talk time per speaker and side, talk ratio, longest monologue and customer story, switches per minute, "
        "patience, question rate, words per minute, fillers, overlap and silence; on several calls the values per "
        "call and their mean. Every figure comes with its formula."
    ),
    cues=(
        "talk ratio", "talk time", "talk-to-listen", "statistics", "stats", "monologue", "interactivity", "patience",
        "fillers", "filler words", "speaking rate", "talk too much", "words per minute", "silence", "interruptions",
    ),
    parameters=StatisticsParameters,
    data=StatisticsData,
    needs="calls",
    run=_run,
)  # fmt: skip
