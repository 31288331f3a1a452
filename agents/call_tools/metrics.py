"""The interaction figures of a call as data: value, unit, formula, and the recorder's own value beside ours.

Gong does not publish its formulas, so ours are compatible at best and never presented as the same.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from pydantic import Field

from agents.analysis.calls.conversation import Conversation, is_english
from agents.analysis.calls.interaction import Interaction
from agents.result import Record

__all__ = ["METRICS", "Definition", "Mean", "Metric", "means_of", "measure"]


class Metric(Record):
    """One figure of one call."""

    name: str
    label: str
    value: float | None = Field(description="null where the transcript does not carry it")
    unit: str
    formula: str
    parameters: dict[str, int] = Field(description="what the figure depends on, in milliseconds or words")
    not_computable: str | None = Field(description="why there is no value; null where there is one")
    recorded: float | None = Field(description="the recorder's own value, in its unit; its formula is not public")


class Mean(Record):
    """The mean of per-call values, each call counting once (Gong averages like this, not over pooled time)."""

    name: str
    label: str
    mean: float
    unit: str
    calls: int = Field(description="calls that carry the figure")


@dataclass(frozen=True, slots=True)
class Definition:
    """One figure: how it is called, computed and shown.

    `of_turns`: it depends on the rules of turns; `by_cues`: on English word lists. `missing` is why a call whose
    words and times are there may still lack it.
    """

    name: str
    label: str
    unit: str
    formula: str
    value: Callable[[Interaction], float | None]
    recorded_as: str | None = None
    of_turns: bool = False
    by_cues: bool = False
    missing: str = "nobody is known to be on the seller's side"

    def shown(self, value: float | None) -> str:
        """The value for a reader."""
        if value is None:
            return "–"
        if self.unit == "share":
            return f"{value * 100:.0f} %"
        if self.unit == "s" and value >= 60:
            return f"{int(value) // 60}:{int(value) % 60:02d} min"
        number = f"{value:.0f}" if abs(value) >= 10 else f"{value:.1f}"
        return f"{number} s" if self.unit == "s" else number


def _seconds(duration_ms: int | None) -> float | None:
    return None if duration_ms is None else duration_ms / 1000


def _rep_fillers(interaction: Interaction) -> float | None:
    part = interaction.of(interaction.rep)
    return part.fillers_per_min if part else None


def _rep_pace(interaction: Interaction) -> float | None:
    part = interaction.of(interaction.rep)
    return part.words_per_min if part else None


METRICS: tuple[Definition, ...] = (
    Definition(
        "talk_ratio", "Rep's talk ratio", "share",
        "rep's sentence durations / all sentence durations (by words where there are no times)",
        lambda it: it.rep_share, "Talk Ratio",
    ),
    Definition(
        "longest_monologue_s", "Longest monologue", "s",
        "longest turn of the seller's side",
        lambda it: _seconds(it.longest_monologue.duration_ms if it.longest_monologue else None), "Longest Monologue",
        of_turns=True,
    ),
    Definition(
        "longest_customer_story_s", "Longest customer story", "s",
        "longest turn of the customer's side",
        lambda it: _seconds(it.longest_story.duration_ms if it.longest_story else None), "Longest Customer Story",
        of_turns=True, missing="nobody is known to be on the customer's side",
    ),
    Definition(
        "switches_per_min", "Switches per minute", "per min",
        "changes of the floor between the two sides / minutes from the first word to the last",
        lambda it: it.switches_per_min, "Interactivity",
        of_turns=True, missing="only one side is heard",
    ),
    Definition(
        "patience_s", "Patience", "s",
        "median of the positive gaps between a customer's turn and the seller's next",
        lambda it: it.patience_s, "Patience",
        of_turns=True, missing="no reply of the seller's begins after a pause",
    ),
    Definition(
        "questions_per_hour", "Questions per hour", "per h",
        "questions of the seller's side / hours from the first word to the last; tags such as \"right?\" left out",
        lambda it: it.questions_per_hour, "Question Rate",
        by_cues=True,
    ),
    Definition(
        "words_per_min", "Rep's words per minute", "per min",
        "rep's words / minutes of the rep's own talk time",
        _rep_pace,
    ),
    Definition(
        "fillers_per_min", "Rep's fillers per minute", "per min",
        "um, uh, you know, I mean, kind of, basically ... / minutes of the rep's own talk time",
        _rep_fillers,
        by_cues=True,
    ),
    Definition(
        "overlap_share", "Overlap", "share",
        "time in which two or more people speak / time in which anybody speaks",
        lambda it: it.overlap_share,
    ),
    Definition(
        "silence_share", "Silence", "share",
        "time in which nobody speaks / time from the first word to the last",
        lambda it: it.silence_share,
    ),
)  # fmt: skip
"""In the order in which they are shown."""


def measure(conversation: Conversation, interaction: Interaction) -> list[Metric]:
    """All figures of one call. Figures that need a clock are null where the transcript has no times.

    Shares stay as computed: rounded twice, one call would be 40 % here and 41 % there.
    """
    metrics: list[Metric] = []
    rules = asdict(interaction.parameters)
    for definition in METRICS:
        barred = _barred(conversation, definition)
        value = None if barred else definition.value(interaction)
        recorded = conversation.call.recorded_stats.get(definition.recorded_as) if definition.recorded_as else None
        metrics.append(
            Metric(
                name=definition.name,
                label=definition.label,
                value=value if value is None or definition.unit == "share" else round(value, 3),
                unit=definition.unit,
                formula=definition.formula,
                parameters=rules if definition.of_turns else {},
                not_computable=barred or (definition.missing if value is None else None),
                recorded=recorded,
            )
        )
    return metrics


def _barred(conversation: Conversation, definition: Definition) -> str | None:
    """Why a transcript cannot carry a figure, whatever was said."""
    if definition.by_cues and not is_english(conversation.call):
        return "the word lists are English and the call is not"
    if definition.name == "talk_ratio" or conversation.clocked:
        return None
    if conversation.timed:
        return "the sentences begin and end at the same instant"
    return "the transcript has no times"


def means_of(calls: list[list[Metric]]) -> list[Mean]:
    """The mean over calls of every figure that at least one of them carries."""
    means: list[Mean] = []
    for definition in METRICS:
        values = [
            metric.value for metrics in calls for metric in metrics
            if metric.name == definition.name and metric.value is not None
        ]  # fmt: skip
        if values:
            mean = sum(values) / len(values)
            mean = mean if definition.unit == "share" else round(mean, 3)
            means.append(
                Mean(name=definition.name, label=definition.label, mean=mean, unit=definition.unit, calls=len(values))
            )
    return means
