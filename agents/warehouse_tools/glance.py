"""The key figures of a period beside those of the period before, in one query."""

from dataclasses import dataclass
from datetime import date

from pydantic import Field

from agents.analysis.metric import Metric
from agents.analysis.metrics import choose_metric, follows_period, several_sql
from agents.analysis.periods import Period
from agents.result import Finding, Record
from agents.sources import SourceError, Warehouse
from agents.warehouse_tools.asking import Answer, ask_one, number, whole
from agents.warehouse_tools.formats import change, counted, figure, table, when
from agents.warehouse_tools.narrowing import Narrowed
from agents.warehouse_tools.span import closings_span

__all__ = ["KEY_METRICS", "Glance", "Glanced", "glance"]

KEY_METRICS = tuple(
    metric
    for name in ("revenue", "deals_won", "win_rate", "average_deal_value", "sales_cycle", "pipeline_open")
    if isinstance(metric := choose_metric(name), Metric)
)


class Glance(Record):
    """One key figure."""

    metric: str
    title: str
    unit: str
    value: float | None
    before: float | None = Field(description="in the period before; null where there is none to compare with")
    n: int


@dataclass(frozen=True, slots=True)
class Glanced:
    """Key figures as text and as data."""

    headline: str
    table: str
    figures: tuple[Glance, ...]
    findings: tuple[Finding, ...]
    answer: Answer
    before: Period | None


async def glance(warehouse: Warehouse, period: Period, narrowed: Narrowed, against: Period | None = None) -> Glanced:
    """The key figures beside those of `against`, else of the period before.

    Raises SourceError `not_found` when nothing closed in the period.
    """
    before = against or (None if period.from_date == date.min else period.previous)
    asked: list[tuple[Metric, Period | None]] = [(metric, period) for metric in KEY_METRICS]
    if before:
        asked += [(metric, before) for metric in KEY_METRICS if follows_period(metric)]
    answer = await ask_one(warehouse, several_sql(asked, narrowed.filters))
    found = {
        (metric.id, of): (number(answer.value("value", row)), whole(answer.value("n", row)))
        for row, (metric, of) in enumerate(asked)
    }
    figures = tuple(
        Glance(
            metric=metric.id,
            title=metric.title,
            unit=metric.unit,
            value=found[metric.id, period][0],
            before=found.get((metric.id, before), (None, 0))[0],
            n=found[metric.id, period][1],
        )
        for metric in KEY_METRICS
    )
    closed = next(it.n for it in figures if it.metric == "win_rate")
    if closed == 0:
        raise SourceError(
            "not_found",
            f"No deal{narrowed.phrase} closed {when(period.label)}. {await closings_span(warehouse, narrowed)}",
        )
    headline = headline_of(figures, period, narrowed)
    return Glanced(
        headline=headline,
        table=glance_table(figures, period, before),
        figures=figures,
        findings=(Finding(statement=headline, kind="metric", citations=[answer.citation().id], confidence=1),),
        answer=answer,
        before=before,
    )


def headline_of(figures: tuple[Glance, ...], period: Period, narrowed: Narrowed) -> str:
    by = {it.metric: it for it in figures}
    revenue, won, rate = by["revenue"], by["deals_won"], by["win_rate"]
    return (
        f"{figure(revenue.value or 0, 'usd')} revenue{narrowed.phrase} {when(period.label)}, from "
        f"{counted(won.value or 0, 'won deal')}; win rate {figure(rate.value, 'ratio')} of {counted(rate.n, 'closed deal')}"
    )


def glance_table(figures: tuple[Glance, ...], period: Period, before: Period | None) -> str:
    compared = before is not None and any(it.before is not None for it in figures)
    headings = ["Figure", period.label.capitalize(), *([before.label, "Change"] if before and compared else [])]
    rows: list[list[str]] = []
    for metric, it in zip(KEY_METRICS, figures, strict=True):
        row = [it.title if follows_period(metric) else f"{it.title} today", figure(it.value, metric.unit)]
        if compared:
            changed = it.value is not None and it.before is not None
            row += [
                figure(it.before, metric.unit),
                change(it.value, it.before, metric.unit) if changed else "–",  # pyright: ignore[reportArgumentType]
            ]
        rows.append(row)
    return table(headings, rows)
