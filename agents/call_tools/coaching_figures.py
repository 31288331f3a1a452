"""A seller's figures: means beside the team's, and by ISO week."""

from collections.abc import Mapping, Sequence

from pydantic import Field

from agents.analysis.calls.comparison import MIN_CALLS, compare, slope_per_call
from agents.analysis.calls.conversation import Conversation
from agents.analysis.calls.interaction import Interaction, interaction_of
from agents.analysis.calls.weeks import Week, by_iso_week
from agents.call_tools.coaching_points import CoachedCall
from agents.call_tools.coaching_scope import Subject, gather_calls
from agents.call_tools.material import one_by_one
from agents.call_tools.metrics import METRICS, Definition, measure
from agents.result import Record
from agents.sources import Sources

__all__ = [
    "COMPARED",
    "Trend",
    "WeekRow",
    "definitions",
    "figure_table",
    "figures_of",
    "own_values",
    "shown_change",
    "team_values",
    "values_of",
    "weeks_of",
]

COMPARED = ("talk_ratio", "questions_per_hour", "patience_s", "longest_monologue_s", "switches_per_min")
"""The figures that a seller is shown, by name."""
Values = Mapping[str, Sequence[float]]


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


class WeekRow(Record):
    """One figure in one ISO week."""

    week: str = Field(description="ISO week, such as 2017-W41")
    name: str
    mean: float = Field(description="of the per-call values")
    calls: int
    change: float | None = Field(description="from the last week before it that has calls")


def definitions() -> list[Definition]:
    """The figures that are shown, in their order."""
    return [definition for definition in METRICS if definition.name in COMPARED]


def values_of(talk: Conversation, interaction: Interaction) -> dict[str, float]:
    """The figures of one call that it carries."""
    measured = measure(talk, interaction)
    return {metric.name: metric.value for metric in measured if metric.value is not None}


def own_values(calls: Sequence[CoachedCall]) -> dict[str, list[float]]:
    """Per-call values, in the order of the calls."""
    return _collected([values_of(call.talk, call.interaction) for call in calls])


async def team_values(sources: Sources, subject: Subject, rep: str) -> dict[str, list[float]]:
    """Per-call values of everybody else's calls in the same period and of the same kind; none where one call was asked for."""
    if subject.scope.call_id is not None:
        return {}
    everybody = Subject(subject.scope.model_copy(update={"rep": None}), subject.period, subject.kind, None)
    material = await gather_calls(sources, everybody)
    others = [talk for talk in material.conversations if talk.rep is not None and talk.rep.name != rep]
    return _collected([values_of(talk, interaction_of(talk)) async for talk in one_by_one(others)])


def figures_of(own: Values, team: Values) -> list[Trend]:
    """The means with the comparison, as far as the numbers carry one; `own` is newest first."""
    trends: list[Trend] = []
    for definition in definitions():
        values = own.get(definition.name, [])
        comparison = compare(values, team.get(definition.name, []))
        if comparison is None:
            continue
        change = slope_per_call(values[::-1])
        trends.append(
            Trend(
                name=definition.name,
                label=definition.label,
                unit=definition.unit,
                mean=_rounded(definition, comparison.mean),
                calls=comparison.calls,
                change_per_call=None if change is None else round(change, 4),
                team_median=None if comparison.team_median is None else round(comparison.team_median, 3),
                team_percentile=comparison.team_percentile,
                team_calls=comparison.team_calls,
            )
        )
    return trends


def weeks_of(calls: Sequence[CoachedCall]) -> dict[str, list[Week]]:
    """By figure, its ISO weeks in order."""
    dated = [(call.talk.call.started.date(), values_of(call.talk, call.interaction)) for call in calls]
    return {
        definition.name: by_iso_week(
            (day, values[definition.name]) for day, values in dated if definition.name in values
        )
        for definition in definitions()
    }


def figure_table(figures: Sequence[Trend], beside: str = "team") -> str:
    """The means, and beside them what they are compared with where there are enough calls."""
    shown = {definition.name: definition for definition in METRICS}
    compared = any(trend.team_median is not None for trend in figures)
    lines = ["| figure | mean | n |" + (f" {beside} median | percentile |" if compared else "")]
    lines.append("|---|---|---|" + ("---|---|" if compared else ""))
    for trend in figures:
        row = f"| {trend.label} | {shown[trend.name].shown(trend.mean)} | {trend.calls} |"
        if compared and trend.team_median is not None:
            row += f" {shown[trend.name].shown(trend.team_median)} (n {trend.team_calls}) | {trend.team_percentile} |"
        elif compared:
            row += " – | – |"
        lines.append(row)
    if not compared:
        lines.append(f"\nNo comparison with the {beside}: it takes {MIN_CALLS} calls on each side.")
    return "\n".join(lines)


def shown_change(definition: Definition, change: float | None) -> str:
    """A change for a reader, with its sign; shares change by points."""
    if change is None:
        return ""
    sign = "+" if change >= 0 else "−"
    if definition.unit == "share":
        return f" ({sign}{abs(change) * 100:.0f} points)"
    return f" ({sign}{definition.shown(abs(change))})"


def _collected(calls: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    values: dict[str, list[float]] = {}
    for call in calls:
        for name, value in call.items():
            values.setdefault(name, []).append(value)
    return values


def _rounded(definition: Definition, value: float) -> float:
    return value if definition.unit == "share" else round(value, 3)
