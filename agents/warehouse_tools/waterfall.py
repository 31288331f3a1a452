"""What changed in the pipeline over a period: deals open at its start, engaged, won and lost in it, open at its end.

From the dates of engagement and closing, as the deals stand now; a deal that was never engaged is in no step.
"""

from dataclasses import dataclass
from datetime import date

from agents.analysis.metrics import filter_conditions
from agents.analysis.periods import Period
from agents.result import Record
from agents.sources import Warehouse
from agents.warehouse_tools.asking import Answer, ask_one, whole
from agents.warehouse_tools.formats import table
from agents.warehouse_tools.narrowing import Narrowed

__all__ = ["Steps", "Waterfall", "waterfall"]


class Steps(Record):
    """Numbers of deals. `open_before` + `engaged` − `won` − `lost` is `open_after`."""

    open_before: int
    engaged: int
    won: int
    lost: int
    open_after: int


@dataclass(frozen=True, slots=True)
class Waterfall:
    """The steps of a period and of the one before it, and the query."""

    now: Steps
    before: Steps
    answer: Answer

    def text(self, period: Period, before: Period) -> str:
        """The steps as a small table."""
        rows = [
            [name, f"{sign}{now:,}" if now else "0", f"{sign}{was:,}" if was else "0"]
            for name, sign, now, was in (
                ("Open at the start", "", self.now.open_before, self.before.open_before),
                ("Newly engaged", "+", self.now.engaged, self.before.engaged),
                ("Won", "−", self.now.won, self.before.won),
                ("Lost", "−", self.now.lost, self.before.lost),
                ("Open at the end", "", self.now.open_after, self.before.open_after),
            )
        ]
        return table(["Engaged deals", period.label, before.label], rows)


async def waterfall(warehouse: Warehouse, period: Period, before: Period, narrowed: Narrowed) -> Waterfall:
    """Count the steps of both periods in one query."""
    columns = [*counts("now", period), *counts("before", before)]
    where = "\n  AND ".join(["engage_date IS NOT NULL", *filter_conditions(narrowed.filters)])
    answer = await ask_one(
        warehouse,
        "SELECT " + ",\n  ".join(columns) + f"\nFROM opportunities\nWHERE {where}",
    )
    return Waterfall(steps(answer, "now"), steps(answer, "before"), answer)


def counts(prefix: str, period: Period) -> list[str]:
    start, end = literal_day(period.from_date), literal_day(period.to_date)
    conditions = {
        "open_before": f"engage_date < {start} AND (close_date IS NULL OR close_date >= {start})",
        "engaged": f"engage_date BETWEEN {start} AND {end}",
        "won": f"deal_stage = 'Won' AND close_date BETWEEN {start} AND {end}",
        "lost": f"deal_stage = 'Lost' AND close_date BETWEEN {start} AND {end}",
        "open_after": f"engage_date <= {end} AND (close_date IS NULL OR close_date > {end})",
    }
    return [f"COUNT(CASE WHEN {condition} THEN 1 END) AS {prefix}_{name}" for name, condition in conditions.items()]


def literal_day(day: date) -> str:
    return f"'{day.isoformat()}'"


def steps(answer: Answer, prefix: str) -> Steps:
    return Steps(**{name: whole(answer.value(f"{prefix}_{name}")) for name in Steps.model_fields})
