"""A figure that needs tables of its own: computed where the warehouse has them, else the one line that says what is missing.

Whether a table is there is found out by asking for none of its rows.
"""

import asyncio
from datetime import date

from agents.analysis.kpi import Kpi, kpi_sql, parameters_of
from agents.analysis.metric import Unit
from agents.analysis.periods import ALL_TIME, Period, parse_period
from agents.analysis.timespan import add_months, quarter
from agents.result import Finding
from agents.sources import SourceError, Warehouse
from agents.tool import Observation
from agents.warehouse_tools.asking import Answer, ask, ask_one, number, text_of, whole
from agents.warehouse_tools.computed import Excluded, Figures
from agents.warehouse_tools.formats import figure, table, when
from agents.warehouse_tools.metric_text import MetricData, PeriodData

__all__ = ["answer_kpi", "answers", "kpi_period", "lacking"]

MONTHS_SQL = (
    "SELECT MIN(SUBSTR(CAST(month AS VARCHAR), 1, 7)) AS first_month, MAX(SUBSTR(CAST(month AS VARCHAR), 1, 7)) AS last_month\n"
    "FROM mrr WHERE mrr > 0"
)


async def lacking(warehouse: Warehouse, kpi: Kpi) -> tuple[str, ...]:
    """The relations and columns that the warehouse has not. Raises SourceError only where it is away."""
    there = await asyncio.gather(*(answers(warehouse, probe) for probe in kpi.probes.values()))
    return tuple(need for need, found in zip(kpi.probes, there, strict=True) if not found)


async def answers(warehouse: Warehouse, sql: str) -> bool:
    """Whether the warehouse has what a query reads. Raises SourceError only where it is away."""
    try:
        await warehouse.query(sql)
    except SourceError as error:
        if error.kind == "unavailable":
            raise
        return False
    return True


def kpi_period(kpi: Kpi, text: str | None, as_of: date) -> Period:
    """The period that was asked for, which may lie ahead, else the one that the figure is usually for.

    Raises SourceError `not_found` for words that name no period.
    """
    if text is None or not text.strip():
        return quarter(as_of.year, (as_of.month + 2) // 3) if kpi.span == "quarter" else ALL_TIME
    period = parse_period(text, as_of)
    if period is None:
        raise SourceError(
            "not_found", f"“{text[:60]}” names no period. Write it like 2017-Q4, 2017-10 or last quarter."
        )
    if kpi.span == "quarter" and (period.is_all or period.from_date == date.min):
        raise SourceError("not_found", f"{kpi.title} is for one period. Give one, such as 2017-Q4.")
    return period


async def answer_kpi(warehouse: Warehouse, kpi: Kpi, period: Period, as_of: date, *, narrowed: bool) -> Observation:
    """Compute it; every relation that it needs is there. Raises SourceError."""
    months = await months_of(warehouse, period) if kpi.span == "months" else None
    parameters = parameters_of(kpi, period, as_of, months)
    queries = [kpi_sql(kpi.sql, parameters), *([kpi_sql(kpi.by, parameters)] if kpi.by else [])]
    found, *split = await ask(warehouse, queries)
    parts = units_of(kpi)
    total = figures_of(kpi, found, 0, None)
    groups = [figures_of(kpi, split[0], row, "key") for row in range(len(split[0].table.rows))] if split else []
    excluded = [
        Excluded(deals=count, what=what, why=why)
        for place, (what, why) in enumerate(kpi.excludes)
        if (count := whole(found.value(f"excluded_{place}")))
    ]
    headline = headline_of(kpi, total, parts, period, months)
    citations = tuple(answer.citation(metric=kpi.id, **parameters) for answer in (found, *split))
    texts = [f"**{headline}**"]
    if groups:
        rows = [[it.key or "(none)", *three(it, parts), f"{it.n:,}"] for it in groups]
        texts.append(table([kpi.by_title, kpi.title, "Of which", "Out of", "n"], rows))
    texts.append(f"How: {kpi.definition[0].upper()}{kpi.definition[1:]}. Data as of {as_of.isoformat()}. [SQL]")
    notes = [it.sentence for it in excluded]
    if narrowed:
        notes.append(f"{kpi.title} is given for everybody: it is not narrowed to a name here.")
    if kpi.span in {"table", "now"} and not period.is_all:
        notes.append(
            f"{period.label} was not applied: {'its table has no dates' if kpi.span == 'table' else 'this is as things stand'}."
        )
    return Observation(
        text="\n\n".join(texts),
        data=MetricData(
            metric=kpi.id,
            title=kpi.title,
            unit=kpi.unit,
            definition=kpi.definition,
            estimate=kpi.id == "weighted_forecast",
            as_of=as_of.isoformat(),
            period=PeriodData.of(period),
            filters={},
            dimension=kpi.by_title.lower() if groups else None,
            figures=total,
            groups=groups,
            groups_total=len(groups),
            excluded=excluded,
            parameters=parameters,
            sql=[found.sql, *(answer.sql for answer in split)],
        ),
        findings=(Finding(statement=headline, kind="metric", citations=[citations[0].id], confidence=1),),
        citations=citations,
        notes=(*notes, *((kpi.caveat,) if kpi.caveat else ())),
    )


def units_of(kpi: Kpi) -> dict[str, Unit]:
    return {
        "value": kpi.unit,
        "numerator": kpi.numerator_unit,
        "denominator": kpi.denominator_unit,
        "n": "count",
        **{part.name: part.unit for part in kpi.parts},
    }


def three(it: Figures, parts: dict[str, Unit]) -> tuple[str, str, str]:
    return (
        figure(it.value, parts["value"]),
        figure(it.numerator, parts["numerator"]),
        figure(it.denominator, parts["denominator"]),
    )


async def months_of(warehouse: Warehouse, period: Period) -> tuple[str, str]:
    """The first and last month of a comparison: from the month before a period to its last; else the newest year.

    Cut to the months that there are. Raises SourceError `not_found` where there are not two.
    """
    known = await ask_one(warehouse, MONTHS_SQL)
    first, last = text_of(known.value("first_month")), text_of(known.value("last_month"))
    if first is None or last is None:
        raise SourceError("not_found", "The table of monthly revenue has no rows.")
    m1 = last if period.is_all else min(f"{period.to_date:%Y-%m}", last)
    start = date.fromisoformat(f"{m1}-01")
    before = (
        add_months(start, -12) if period.is_all or period.from_date == date.min else add_months(period.from_date, -1)
    )
    m0 = max(f"{before:%Y-%m}", first)
    if m0 >= m1:
        raise SourceError(
            "not_found",
            f"Monthly revenue is known from {first} to {last}; that holds no two months to compare there.",
        )
    return m0, m1


def figures_of(kpi: Kpi, answer: Answer, row: int, key: str | None) -> Figures:
    return Figures(
        key=text_of(answer.value(key, row)) if key else None,
        value=number(answer.value("value", row)),
        numerator=number(answer.value("numerator", row)),
        denominator=number(answer.value("denominator", row)),
        n=whole(answer.value("n", row)),
        share=None,
        extra={} if key else {part.name: number(answer.value(part.name, row)) for part in kpi.parts},
    )


def headline_of(
    kpi: Kpi, total: Figures, parts: dict[str, Unit], period: Period, months: tuple[str, str] | None
) -> str:
    match kpi.span:
        case "months" if months:
            time = f"from {months[0]} to {months[1]}"
        case "now":
            time = "as things stand"
        case "table":
            time = "over all rows of its table"
        case _:
            time = when(period.label)
    if total.value is None:
        return f"{kpi.title} {time} is not computable: {kpi.nothing}"
    values = {"numerator": total.numerator, "denominator": total.denominator, "n": float(total.n), **total.extra}
    detail = kpi.detail.format(**{name: figure(value, parts[name]) for name, value in values.items()})
    return f"{kpi.title} {time}: {figure(total.value, kpi.unit)}{f' ({detail})' if detail else ''}"
