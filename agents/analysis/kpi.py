"""Figures that need more than deals: quotas, forecasts, recurring revenue, spend, or a history of changes.

A warehouse may have the tables for them or not; each figure names those it needs. Where one is missing the answer
says which, and never a zero. The figures themselves are data, in `agents.analysis.kpi_catalog`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from agents.analysis.metric import Unit
from agents.analysis.timespan import Period

__all__ = ["RELATIONS", "Kpi", "Part", "Relation", "Span", "kpi_sql", "parameters_of"]

Span = Literal["quarter", "all", "months", "now", "table"]
"""Which time a figure is for when none is said. quarter: the one of the data's last day. all: all time. months: the
newest month against the one a year before. now: as things stand. table: whatever rows the table has."""


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view of the warehouse and the columns that are read from it."""

    name: str
    columns: Sequence[str]
    holds: str

    @property
    def probe(self) -> str:
        """Answered without an error where it is there with its columns."""
        return f"SELECT {', '.join(self.columns)} FROM {self.name} WHERE 1 = 0"  # noqa: S608  constants of ours


RELATIONS: Mapping[str, Relation] = {
    relation.name: relation
    for relation in (
        Relation(
            "opp",
            ("id", "owner_id", "amount", "is_won", "is_closed", "close_date", "created_date"),
            "opportunities; open ones with their amount and expected close date",
        ),
        Relation("quota", ("owner_id", "period_start", "amount"), "what each owner is to sell in a period"),
        Relation("close_hist", ("opp_id", "old_close", "new_close"), "changes of expected close dates"),
        Relation("stage_hist", ("opp_id", "stage", "entered_at"), "when a deal entered each stage"),
        Relation("forecast", ("submitted", "actual"), "what was forecast and what came"),
        Relation("mrr", ("account_id", "month", "mrr"), "monthly recurring revenue by account"),
        Relation("spend", ("spend", "gross_margin"), "what sales and marketing cost"),
        Relation("new_cust", ("mrr",), "new customers with their monthly revenue"),
    )
}
EXTRA_COLUMNS: Mapping[str, str] = {"acv": "opp", "probability": "opp"}
"""Columns that only some figures need, and where they stand; `opp.acv` in `Kpi.needs` asks for one."""


@dataclass(frozen=True, slots=True)
class Part:
    """A further column of the result."""

    name: str
    unit: Unit


@dataclass(frozen=True, slots=True)
class Kpi:
    """One such figure.

    `sql` gives one row: value, numerator, denominator, n, the `parts`, and `excluded_0` and so on for each of
    `excludes` (what, why). `by` gives rows of key, value, numerator, denominator and n. `lacks` is what a warehouse
    without its tables is said to lack, `instead` what may be asked there; `fallback` is computed there.
    """

    id: str
    title: str
    unit: Unit
    definition: str
    needs: Sequence[str]
    sql: str
    lacks: str
    instead: tuple[str, ...]
    words: tuple[str, ...]
    span: Span = "quarter"
    numerator_unit: Unit = "usd"
    denominator_unit: Unit = "usd"
    detail: str = ""
    parts: tuple[Part, ...] = ()
    excludes: tuple[tuple[str, str], ...] = ()
    by: str = ""
    by_title: str = ""
    fallback: str | None = None
    nothing: str = "there is nothing to compute it from"
    caveat: str | None = None

    @property
    def probes(self) -> Mapping[str, str]:
        """A question for each relation that is needed, by its name."""
        asked: dict[str, str] = {}
        for need in self.needs:
            name, _, column = need.partition(".")
            relation = RELATIONS[name]
            if column:
                asked[need] = f"SELECT {column} FROM {name} WHERE 1 = 0"  # noqa: S608  constants of ours
            else:
                asked[need] = relation.probe
        return asked


def parameters_of(kpi: Kpi, period: Period, as_of: date, months: tuple[str, str] | None) -> dict[str, str]:
    """What a figure is computed for."""
    match kpi.span:
        case "now":
            return {"today": as_of.isoformat()}
        case "table":
            return {}
        case "months":
            return {"m0": months[0], "m1": months[1]} if months else {}
        case "all" if period.is_all:
            return {"start": "0001-01-01", "end": "9999-12-31"}
        case _:
            return {"start": period.from_date.isoformat(), "end": period.to_date.isoformat()}


def kpi_sql(template: str, parameters: Mapping[str, str]) -> str:
    """The statement with its parameters as literals; they are days and months that we made."""
    sql = template
    for name, value in parameters.items():
        if not value.replace("-", "").isdigit():
            raise ValueError(f"{name} is no day and no month: {value!r}")
        sql = sql.replace(f":{name}", f"'{value}'")
    return sql
