"""How results spread over the reps of a period, and where coaching would help: figures only, nothing about character.

Attainment where the warehouse holds quotas, else won revenue. Who closes less often than the team is a candidate for
coaching, not a verdict: territory, products and luck are in the same figure.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field

from agents.analysis.metric import Unit
from agents.analysis.metrics import computable, named_sql, splittable
from agents.analysis.periods import Period
from agents.result import Finding, Record
from agents.sources import Warehouse
from agents.tool import Observation
from agents.warehouse_tools.asking import Answer, ask, number
from agents.warehouse_tools.computed import Figures, groups_of
from agents.warehouse_tools.formats import figure
from agents.warehouse_tools.metric_text import MetricData
from agents.warehouse_tools.narrowing import Narrowed

__all__ = ["People", "Spread", "spread_over_people"]

FEWEST_CLOSED = 20
"""A win rate of fewer closed deals says too little about a person to be shown."""
FEWEST_PEOPLE = 5
COACHED = 3


class Coached(Record):
    """A rep whose win rate lies under the team's."""

    rep: str
    win_rate: float
    closed: int


class Spread(Record):
    """The distribution over reps."""

    figure: str = Field(description="Quota attainment or Revenue")
    reps: int
    reached: int | None = Field(description="reps at their quota or over it; null without quotas")
    lowest: float
    lower_quarter: float
    middle: float
    upper_quarter: float
    highest: float
    team_win_rate: float | None
    coaching: list[Coached] = Field(description="candidates, the lowest win rate first")


@dataclass(frozen=True, slots=True)
class People:
    """The section of a page."""

    spread: Spread
    text: str
    findings: tuple[Finding, ...]
    answers: tuple[Answer, ...]


async def spread_over_people(
    warehouse: Warehouse, period: Period, narrowed: Narrowed, attainment: Observation | None
) -> People | None:
    """The distribution, or nothing where fewer than five people have a figure.

    `attainment` is quota attainment where the warehouse has quotas; it is not used where the page is narrowed.
    """
    if "sales_agent" in narrowed.filters:
        return None
    revenue, rate = computable("revenue"), computable("win_rate")
    by_rep = splittable(revenue, "sales_agent")
    won, rates, all_rates = await ask(
        warehouse,
        [named_sql(it, period, by, narrowed.filters) for it, by in ((revenue, by_rep), (rate, by_rep), (rate, None))],
    )
    title, unit = revenue.title, revenue.unit
    values = sorted(it.value for it in groups_of(revenue, won, by_rep) if it.key and it.value is not None)
    reached = None
    if attainment is not None and isinstance(attainment.data, MetricData) and not narrowed.filters:
        owners = attainment.data.groups
        title, unit = attainment.data.title, "ratio"
        values = sorted(it.value for it in owners if it.value is not None)
        reached = sum(1 for value in values if value >= 1)
    if len(values) < FEWEST_PEOPLE:
        return None
    team = number(all_rates.value("value"))
    spread = Spread(
        figure=title,
        reps=len(values),
        reached=reached,
        lowest=values[0],
        lower_quarter=at(values, 1),
        middle=at(values, 2),
        upper_quarter=at(values, 3),
        highest=values[-1],
        team_win_rate=team,
        coaching=coached(groups_of(rate, rates, by_rep), team),
    )
    answers = (won, rates, all_rates)
    line = coaching_line(spread)
    cited = [rates.citation().id, all_rates.citation().id]
    findings = (Finding(statement=line, kind="candidate", citations=cited, confidence=0.5),) if line else ()
    return People(spread, "\n".join(f"- {it}" for it in (spread_line(spread, unit), line) if it), findings, answers)


def at(values: Sequence[float], quarters: int) -> float:
    """The smallest value that so many quarters of the values do not exceed."""
    return values[-(-len(values) * quarters // 4) - 1]


def coached(reps: Sequence[Figures], team: float | None) -> list[Coached]:
    under = [
        Coached(rep=it.key, win_rate=it.value, closed=it.n)
        for it in reps
        if it.key and it.value is not None and team is not None and it.n >= FEWEST_CLOSED and it.value < team
    ]
    return sorted(under, key=lambda it: (it.win_rate, it.rep))[:COACHED]


def spread_line(spread: Spread, unit: Unit) -> str:
    def shown(value: float) -> str:
        return figure(value, unit)

    reached = f"; {spread.reached} of {spread.reps} reached their quota" if spread.reached is not None else ""
    return (
        f"{spread.figure} by rep, {spread.reps} reps: from {shown(spread.lowest)} to {shown(spread.highest)}, half of "
        f"them between {shown(spread.lower_quarter)} and {shown(spread.upper_quarter)}, median {shown(spread.middle)}"
        f"{reached}"
    )


def coaching_line(spread: Spread) -> str:
    if not spread.coaching:
        return ""
    listed = ", ".join(f"{it.rep} {figure(it.win_rate, 'ratio')} of {it.closed:,}" for it in spread.coaching)
    return (
        f"Coaching on closing may help most (candidates, by win rate against {figure(spread.team_win_rate, 'ratio')} "
        f"for all): {listed}"
    )
