"""A named metric, computed: the figure, its groups, what was left out, and the queries it all came from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pydantic import Field

from agents.analysis.metric import Dimension, Metric, Unit
from agents.analysis.metrics import coverage_sql, follows_period, named_sql
from agents.analysis.periods import Period
from agents.result import Record
from agents.sources import SourceError, Warehouse
from agents.warehouse_tools.asking import Answer, ask, number, text_of, whole
from agents.warehouse_tools.formats import counted, when
from agents.warehouse_tools.narrowing import Narrowed
from agents.warehouse_tools.span import existing

__all__ = ["Computed", "Excluded", "Figures", "compute", "groups_of", "parts_of", "small_groups"]


class Figures(Record):
    """A value and what it is made of; `key` is the group's name, null for deals without one."""

    key: str | None = None
    value: float | None
    numerator: float | None
    denominator: float | None
    n: int = Field(description="deals counted")
    share: float | None = Field(default=None, description="of the whole, where the groups add up to it")
    extra: dict[str, float | None] = Field(default_factory=dict[str, float | None])


class Excluded(Record):
    """Deals that are not in the figure."""

    deals: int
    what: str
    why: str

    @property
    def sentence(self) -> str:
        return f"Left out: {self.deals:,} {self.what}; {self.why}."


@dataclass(frozen=True, slots=True)
class Computed:
    """One metric for one period. `span` are the first and last day that the deals have."""

    metric: Metric
    period: Period
    whole: Figures
    groups: tuple[Figures, ...]
    excluded: tuple[Excluded, ...]
    span: tuple[str | None, str | None]
    answers: tuple[Answer, ...]
    truncated: bool


async def compute(
    warehouse: Warehouse, metric: Metric, period: Period, dimension: Dimension | None, narrowed: Narrowed
) -> Computed:
    """Compute a metric, its groups and its coverage at the same time.

    Raises SourceError `not_found` for a period that the data does not reach, MetricError for a split that the metric
    has not.
    """
    filters = narrowed.filters
    queries = [named_sql(metric, period, None, filters), coverage_sql(metric, filters)]
    if dimension is not None:
        queries.insert(1, named_sql(metric, period, dimension, filters))
    answers = await ask(warehouse, queries)
    coverage = answers[-1]
    reject_empty(metric, period, narrowed, coverage)
    grouped = answers[1] if dimension is not None else None
    total = figures(metric, answers[0], 0, None)
    return Computed(
        metric=metric,
        period=period,
        whole=total,
        groups=groups_of(metric, grouped, dimension, total) if grouped and dimension else (),
        excluded=tuple(
            Excluded(deals=deals, what=exclusion.what, why=exclusion.why)
            for place, exclusion in enumerate(metric.excludes)
            if (deals := whole(coverage.value(f"excluded_{place}")))
        ),
        span=(text_of(coverage.value("first_day")), text_of(coverage.value("last_day"))),
        answers=tuple(answers),
        truncated=bool(grouped and grouped.table.truncated),
    )


def groups_of(
    metric: Metric, answer: Answer, dimension: Dimension, total: Figures | None = None
) -> tuple[Figures, ...]:
    """The groups of a split query, in its order."""
    return tuple(figures(metric, answer, row, dimension, total) for row in range(len(answer.table.rows)))


def figures(
    metric: Metric, answer: Answer, row: int, dimension: Dimension | None, total: Figures | None = None
) -> Figures:
    value = number(answer.value("value", row))
    total_value = total.value if metric.additive and total else None
    return Figures(
        key=text_of(answer.value(dimension.id, row)) if dimension else None,
        value=value,
        numerator=number(answer.value("numerator", row)),
        denominator=number(answer.value("denominator", row)),
        n=whole(answer.value("n", row)),
        share=value / total_value if value is not None and total_value else None,
        extra={name: number(answer.value(name, row)) for name, _ in metric.parts},
    )


def reject_empty(metric: Metric, period: Period, narrowed: Narrowed, coverage: Answer) -> None:
    if whole(coverage.value("opportunities")) == 0:
        raise SourceError("not_found", f"The warehouse has no opportunity{narrowed.phrase}. Drop one of the filters.")
    first, last = text_of(coverage.value("first_day")), text_of(coverage.value("last_day"))
    if not follows_period(metric) or period.is_all:
        return
    by = "engaged" if metric.cohort == "created" else "closed"
    if first is None or last is None:
        raise SourceError("not_found", f"No deal{narrowed.phrase} has {by} yet.")
    if period.to_date < date.fromisoformat(first) or period.from_date > date.fromisoformat(last):
        raise SourceError(
            "not_found",
            f"No deal{narrowed.phrase} {by} {when(period.label)}. {existing(first, last, narrowed)}",
        )


def parts_of(metric: Metric, figure: Figures) -> Mapping[str, tuple[float | None, Unit]]:
    """What a figure is made of, each with its unit, by the names that `Metric.columns` and `detail` use."""
    return {
        "value": (figure.value, metric.unit),
        "numerator": (figure.numerator, metric.numerator_unit),
        "denominator": (figure.denominator, metric.denominator_unit),
        "n": (float(figure.n), "count"),
        "share": (figure.share, "ratio"),
        **{name: (figure.extra.get(name), unit) for name, unit in metric.parts},
    }


def small_groups(groups: tuple[Figures, ...], under: int) -> str | None:
    """A caution where groups are too small for their rates to say much."""
    small = sum(1 for group in groups if group.n < under)
    if not small:
        return None
    return f"{counted(small, 'group')} of {len(groups)} {'has' if small == 1 else 'have'} fewer than {under} deals."
