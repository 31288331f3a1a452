"""What the tool `metric` answers: headline, table and basis as text, and the same unrounded as data."""

from collections.abc import Sequence
from datetime import date
from typing import Literal

from pydantic import Field

from agents.analysis.kpi import Kpi
from agents.analysis.metric import Dimension, Metric, Missing
from agents.analysis.metrics import follows_period
from agents.analysis.periods import Period
from agents.result import Finding, Record
from agents.tool import Observation
from agents.warehouse_tools.asking import Answer, number
from agents.warehouse_tools.computed import Computed, Excluded, Figures, parts_of, small_groups
from agents.warehouse_tools.formats import counted, figure, table, when
from agents.warehouse_tools.glance import Glance, Glanced
from agents.warehouse_tools.narrowing import Narrowed

__all__ = [
    "Chart",
    "MetricData",
    "Order",
    "PeriodData",
    "Series",
    "basis",
    "glance_observation",
    "metric_observation",
    "missing_observation",
]

FEW = 5
"""Under so many deals a rate says little; such groups are never called best or worst."""
HELD = 200

Order = Literal["highest", "lowest", "best", "worst"]


class PeriodData(Record):
    """A period as it was understood."""

    text: str
    label: str
    from_date: str | None
    to_date: str | None

    @classmethod
    def of(cls, period: Period) -> "PeriodData":
        return cls(
            text=period.text,
            label=period.label,
            from_date=None if period.from_date == date.min else period.from_date.isoformat(),
            to_date=None if period.to_date == date.max else period.to_date.isoformat(),
        )


class Series(Record):
    """One line or one set of bars: a value for each place on the x axis, null where there is none."""

    name: str
    unit: str
    values: list[float | None]


class Chart(Record):
    """Groups as they would be drawn: `line` over time, else `bar`; `x` are the names of the places."""

    kind: Literal["bar", "line"]
    title: str
    x_title: str
    x: list[str]
    series: list[Series]


class MetricData(Record):
    """A computed metric; every figure unrounded."""

    metric: str
    title: str
    unit: str
    definition: str
    estimate: bool
    as_of: str
    period: PeriodData
    filters: dict[str, str]
    dimension: str | None
    figures: Figures | None = Field(description="the whole; null when it cannot be computed")
    groups: list[Figures]
    groups_total: int
    chart: Chart | None = Field(default=None, description="the groups, ready to be drawn; null without a split")
    excluded: list[Excluded]
    lacks: str | None = Field(default=None, description="what is missing when it cannot be computed")
    parameters: dict[str, str] = Field(default_factory=dict[str, str], description="what the SQL was made for")
    key_figures: list[Glance] = Field(default_factory=list[Glance])
    sql: list[str]


def missing_observation(
    missing: Missing | Kpi, period: Period, as_of: date, instead: Sequence[Metric] = (), answer: Answer | None = None
) -> Observation:
    """What is missing, and what there is instead: the figures of `instead`, in their order in the answer."""
    texts = [f"**{missing.title} cannot be computed here:** the warehouse has {missing.lacks}."]
    if answer is not None:
        values = [figure(number(answer.value("value", row)), metric.unit) for row, metric in enumerate(instead)]
        lines = [
            f"- {metric.title}{f' {when(period.label)}' if follows_period(metric) else ', as it stands'}: {value}"
            for metric, value in zip(instead, values, strict=True)
        ]
        texts.append("What there is instead:\n\n" + "\n".join(lines))
        texts.append(basis("", period if any(map(follows_period, instead)) else None, as_of))
    if isinstance(missing, Kpi):
        tables = ", ".join(f"`{need}`" for need in missing.needs if "." not in need)
        texts.append(
            f"It is computed as soon as the warehouse has {tables}; ask “which metrics are there” for their columns."
        )
    return Observation(
        text="\n\n".join(texts),
        citations=(answer.citation(),) if answer else (),
        data=MetricData(
            metric=missing.id,
            title=missing.title,
            unit="none",
            definition="",
            estimate=False,
            as_of=as_of.isoformat(),
            period=PeriodData.of(period),
            filters={},
            dimension=None,
            figures=None,
            groups=[],
            groups_total=0,
            excluded=[],
            lacks=missing.lacks,
            sql=[answer.sql] if answer else [],
        ),
    )


def glance_observation(shown: Glanced, period: Period, narrowed: Narrowed, as_of: date) -> Observation:
    """The key figures, where no metric was named."""
    return Observation(
        text=f"**{shown.headline}**\n\n{shown.table}\n\n{basis('', period, as_of)}",
        data=MetricData(
            metric="key_figures",
            title="Key figures",
            unit="none",
            definition="",
            estimate=False,
            as_of=as_of.isoformat(),
            period=PeriodData.of(period),
            filters=dict(narrowed.filters),
            dimension=None,
            figures=None,
            groups=[],
            groups_total=0,
            excluded=[],
            key_figures=list(shown.figures),
            sql=[shown.answer.sql],
        ),
        findings=shown.findings,
        citations=(shown.answer.citation(period=period.text, **narrowed.filters),),
        notes=narrowed.notes,
    )


def metric_observation(
    computed: Computed, dimension: Dimension | None, narrowed: Narrowed, as_of: date, *, limit: int, order: Order
) -> Observation:
    """A computed metric: the first `limit` groups in the text, all of them in the data."""
    metric, period = computed.metric, computed.period
    citations = tuple(
        answer.citation(metric=metric.id, period=period.text, **narrowed.filters) for answer in computed.answers
    )
    headline = headline_of(computed, dimension, narrowed)
    ranked = rank(computed.groups, metric, dimension, order)
    peaks = peaks_of(metric, computed.groups, dimension)
    texts = [f"**{headline}**", *([peaks] if peaks else [])]
    if dimension:
        texts.append(groups_table(metric, dimension, computed, ranked, limit))
    texts.append(basis(metric.definition, period if follows_period(metric) else None, as_of, computed.span))
    kind = "candidate" if metric.estimate else "metric"
    return Observation(
        text="\n\n".join(texts),
        data=data_of(computed, dimension, narrowed, as_of, ranked),
        findings=tuple(
            Finding(statement=statement, kind=kind, citations=[cited.id], confidence=0.5 if metric.estimate else 1)
            for statement, cited in zip((headline, peaks), citations, strict=False)
            if statement
        ),
        citations=citations,
        notes=notes_of(computed, narrowed),
    )


def headline_of(computed: Computed, dimension: Dimension | None, narrowed: Narrowed) -> str:
    metric, whole = computed.metric, computed.whole
    split = f" by {dimension.title.lower()}" if dimension and dimension.id != "deal_stage" else ""
    time = when(computed.period.label) if follows_period(metric) else "as they stand"
    if metric.id in {"pipeline_list_value", "velocity"}:
        time = when(computed.period.label) if metric.id == "velocity" else "as it stands"
    if whole.value is None:
        return f"{metric.title}{narrowed.phrase} {time} is not computable: no deal to compute it from"
    parts = {name: figure(value, unit) for name, (value, unit) in parts_of(metric, whole).items()}
    overall = "" if not split else " in all" if metric.additive else " overall"
    detail = f" ({metric.detail.format(**parts)})" if metric.detail else ""
    return f"{metric.title}{narrowed.phrase}{split} {time}: {parts['value']}{overall}{detail}"


def rank(
    groups: tuple[Figures, ...], metric: Metric, dimension: Dimension | None, order: Order
) -> tuple[Figures, ...]:
    """Groups in the order to show; the queries give the highest first, and time in its own order."""
    if dimension is None or dimension.is_time:
        return groups
    lowest_first = order == "lowest" or (order in {"best", "worst"} and (order == "best") == metric.less_is_better)
    known = [group for group in groups if group.value is not None]
    unknown = [group for group in groups if group.value is None]
    return (*(reversed(known) if lowest_first else known), *unknown)


def peaks_of(metric: Metric, groups: tuple[Figures, ...], dimension: Dimension | None) -> str:
    """The highest and the lowest group, where there are enough deals to say so."""
    fair = [group for group in groups if group.value is not None and group.key is not None and group.n >= FEW]
    if dimension is None or dimension.id == "deal_stage" or len(fair) < 2:
        return ""
    high, low = max(fair, key=lambda it: it.value or 0), min(fair, key=lambda it: it.value or 0)
    if high.value == low.value:
        return ""
    return f"Highest: {high.key} ({figure(high.value, metric.unit)}). Lowest: {low.key} ({figure(low.value, metric.unit)})."


def groups_table(
    metric: Metric, dimension: Dimension, computed: Computed, ranked: tuple[Figures, ...], limit: int
) -> str:
    names = {"numerator": metric.numerator_is, "denominator": metric.denominator_is, "n": metric.n_is}
    headings = [
        dimension.title,
        metric.title,
        *(names.get(column, column.replace("_", " ").capitalize()) for column in metric.columns),
    ]
    shown = ranked if dimension.is_time else ranked[:limit]
    rows: list[list[str]] = []
    for group in shown:
        parts = parts_of(metric, group)
        rows.append([group.key or "(none)", *(figure(*parts[column]) for column in ("value", *metric.columns))])
    rest = len(ranked) - len(shown)
    more = f"\n\nShown: {len(shown)} of {len(ranked)}; the data holds the others." if rest else ""
    return table(headings, rows) + more


def basis(
    definition: str, period: Period | None, as_of: date, span: tuple[str | None, str | None] = (None, None)
) -> str:
    """The line that says how the figure came about; over all time `span` says which days that is."""
    how = f"{definition[0].upper()}{definition[1:]}" if definition else "Computed from the deals in the warehouse"
    days = ""
    if period and period.is_all:
        days = f", {span[0]} to {span[1]}" if span[0] else ""
    elif period:
        first = f"{period.from_date.isoformat()} to" if period.from_date != date.min else "up to"
        days = f", {first} {period.to_date.isoformat()}"
    return f"How: {how}{days}. Data as of {as_of.isoformat()}. [SQL]"


def notes_of(computed: Computed, narrowed: Narrowed) -> tuple[str, ...]:
    metric = computed.metric
    notes = [*narrowed.notes, *(excluded.sentence for excluded in computed.excluded)]
    if not computed.period.is_all and not follows_period(metric):
        notes.append(
            f"{metric.title} counts deals as they stand, so {computed.period.label} was not applied: no history is kept."
        )
    few = small_groups(computed.groups, FEW) if metric.unit in {"ratio", "days"} else None
    notes += [note for note in (metric.caveat, few) if note]
    if computed.truncated:
        notes.append(f"The warehouse cut the groups off after {counted(len(computed.groups), 'row')}.")
    return tuple(notes)


def data_of(
    computed: Computed, dimension: Dimension | None, narrowed: Narrowed, as_of: date, ranked: tuple[Figures, ...]
) -> MetricData:
    metric = computed.metric
    return MetricData(
        metric=metric.id,
        title=metric.title,
        unit=metric.unit,
        definition=metric.definition,
        estimate=metric.estimate,
        as_of=as_of.isoformat(),
        period=PeriodData.of(computed.period),
        filters=dict(narrowed.filters),
        dimension=dimension.id if dimension else None,
        figures=computed.whole,
        groups=list(ranked[:HELD]),
        chart=chart_of(metric.title, metric.unit, dimension, ranked[:HELD]) if dimension else None,
        groups_total=len(ranked),
        excluded=list(computed.excluded),
        sql=[answer.sql for answer in computed.answers],
    )


def chart_of(title: str, unit: str, dimension: Dimension, groups: Sequence[Figures]) -> Chart:
    return Chart(
        kind="line" if dimension.is_time else "bar",
        title=f"{title} by {dimension.title.lower()}",
        x_title=dimension.title,
        x=[group.key or "(none)" for group in groups],
        series=[Series(name=title, unit=unit, values=[group.value for group in groups])],
    )
