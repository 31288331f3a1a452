"""A figure beside what others recommend and beside the team's own calls.

A recommendation comes with its source and date or not at all, and never without the team's standing: how many of the
team's other calls lie below. Under five such calls there is no standing, and that is said.
"""

from collections.abc import Callable, Sequence

from pydantic import BaseModel, ConfigDict, Field

from agents.analysis.calls.comparison import MIN_CALLS, standing
from agents.analysis.calls.interaction import interaction_of
from agents.call_tools.material import Material, one_by_one
from agents.call_tools.metrics import METRICS, Mean, Metric, measure
from agents.call_tools.packaged import packaged
from agents.call_tools.reading import read
from agents.call_tools.scope import call_source, select
from agents.result import Record
from agents.sources import CallScope, Sources

__all__ = ["Recommended", "Standing", "standing_text", "standings", "team_figures"]

_TEAM_LIMIT = 40
"""How many of the team's other calls are read, the newest first."""


class Recommended(BaseModel):
    """A range that somebody recommends; an open end is None."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    metric: str
    low: float | None = None
    high: float | None = None
    source: str
    date: str = Field(description="of the source, or the day on which a secondary source was seen")
    read: bool = Field(description="whether the source itself was read; otherwise it is known from secondary ones")


class Standing(Record):
    """One figure of the calls in scope, as their mean, beside the team and the recommendation."""

    metric: str
    label: str
    value: float
    calls: int
    team_percentile: int | None = Field(description="share of the team's other calls below, 0 to 100")
    team_median: float | None
    team_calls: int
    suppressed: str | None = Field(description="why there is no percentile")
    recommended: Recommended | None


async def team_figures(sources: Sources, material: Material) -> list[list[Metric]]:
    """The figures of the newest calls that are not in scope."""
    source = call_source(sources)
    chosen = {call.id for call in material.calls}
    others = [call for call in (await select(source, CallScope())).calls if call.id not in chosen]
    if not others:
        return []
    reading = await read(source, others[:_TEAM_LIMIT], _TEAM_LIMIT)
    spoken = [talk for talk in reading.conversations if talk.clocked]
    return [measure(talk, interaction_of(talk)) async for talk in one_by_one(spoken)]


def standings(means: Sequence[Mean], team: Sequence[Sequence[Metric]]) -> list[Standing]:
    """One for every figure that somebody recommends a range for."""
    ranges = {it.metric: it for it in packaged("recommended_ranges", tuple[Recommended, ...])}
    found: list[Standing] = []
    for mean in means:
        if mean.name not in ranges:
            continue
        values = [it.value for figures in team for it in figures if it.name == mean.name and it.value is not None]
        place = standing(mean.mean, values)
        found.append(
            Standing(
                metric=mean.name,
                label=mean.label,
                value=mean.mean,
                calls=mean.calls,
                team_percentile=place.percentile if place else None,
                team_median=place.median if place else None,
                team_calls=len(values),
                suppressed=None
                if place
                else f"only {len(values)} other calls of the team carry it; {MIN_CALLS} are needed",
                recommended=ranges[mean.name],
            )
        )
    return found


def standing_text(found: Sequence[Standing]) -> list[str]:
    """One line per figure."""
    definitions = {definition.name: definition for definition in METRICS}
    lines: list[str] = []
    for it in found:
        shown = definitions[it.metric].shown
        team = (
            f"higher than {it.team_percentile} % of the team's {it.team_calls} other calls (median {shown(it.team_median)})"
            if it.team_percentile is not None
            else f"no place in the team: {it.suppressed}"
        )
        lines.append(f"- {it.label} {shown(it.value)}: {team}{_range_text(it, shown)}")
    return lines


def _range_text(it: Standing, shown: Callable[[float | None], str]) -> str:
    wanted = it.recommended
    if wanted is None:
        return ""
    if wanted.low is not None and wanted.high is not None:
        span = f"{shown(wanted.low)} to {shown(wanted.high)}"
    else:
        span = f"at least {shown(wanted.low)}" if wanted.low is not None else f"at most {shown(wanted.high)}"
    source = (
        f"{wanted.source}, {wanted.date}" if wanted.read else f"secondary source: {wanted.source}, seen {wanted.date}"
    )
    return f"; recommended {span} ({source})"
