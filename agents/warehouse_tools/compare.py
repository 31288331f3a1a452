"""The tool `compare_periods`: one metric in two periods, as a whole and by a dimension."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from pydantic import ConfigDict, Field, RootModel

from agents.analysis.metric import Dimension, Metric
from agents.analysis.metrics import MetricError, computable, follows_period, named_sql, splittable
from agents.analysis.periods import Period
from agents.analysis.timespan import quarter
from agents.result import Finding, Record
from agents.sources import SourceError, Sources, Warehouse
from agents.tool import Observation, Tool
from agents.warehouse_tools.asking import Answer, ask, warehouse_of
from agents.warehouse_tools.computed import Excluded, Figures, compute, groups_of
from agents.warehouse_tools.formats import change, figure, table, when
from agents.warehouse_tools.glance import glance
from agents.warehouse_tools.metric_text import Chart, MetricData, PeriodData, Series, basis, glance_observation
from agents.warehouse_tools.narrowing import Narrowed, Narrowing, narrow, period_of

__all__ = ["COMPARE_PERIODS", "CompareAnswer", "CompareParameters", "Compared", "biggest_moves", "compare"]

SHOWN = 10


class CompareParameters(Narrowing):
    """What to compare."""

    metric: str | None = Field(
        default=None, max_length=100, description="a named metric, such as revenue; left out: the key figures"
    )
    period: str | None = Field(
        default=None, max_length=100, description="the later period; left out: this quarter of the data"
    )
    against: str | None = Field(
        default=None, max_length=100, description="the earlier period; left out: the one just before"
    )
    dimension: str | None = Field(default=None, max_length=60, description="split by, as in `metric`")
    limit: int = Field(default=SHOWN, ge=1, le=100, description="groups to show, the biggest changes first")


class Compared(Record):
    """A value now and before; `key` is the group's name."""

    key: str | None
    now: float | None
    before: float | None
    difference: float | None
    n_now: int
    n_before: int


class CompareData(Record):
    """Both periods, unrounded."""

    metric: str
    title: str
    unit: str
    definition: str
    as_of: str
    period: PeriodData
    against: PeriodData
    filters: dict[str, str]
    dimension: str | None
    whole: Compared
    groups: list[Compared] = Field(description="the biggest change first")
    chart: Chart | None = Field(default=None, description="both periods side by side; null without a split")
    excluded: list[Excluded]


class CompareAnswer(RootModel[CompareData | MetricData]):
    """One metric in two periods, or the key figures in both, or a metric for a single one."""

    model_config = ConfigDict(frozen=True)


async def compare(sources: Sources, wanted: CompareParameters) -> Observation:
    """Compare. Raises SourceError `not_found` for names or periods that do not exist."""
    warehouse = warehouse_of(sources)
    as_of = await warehouse.as_of()
    later, earlier = periods_of(wanted, as_of)
    if wanted.metric is None and wanted.dimension is None:
        narrowed = await narrow(warehouse, wanted)
        return glance_observation(await glance(warehouse, later, narrowed, earlier), later, narrowed, as_of)
    metric, dimension = chosen(wanted)
    narrowed = await narrow(warehouse, wanted)
    now = await compute(warehouse, metric, later, dimension, narrowed)
    before = await compute(warehouse, metric, earlier, dimension, narrowed)
    groups = matched(metric, now.groups, before.groups)
    total = compared(None, now.whole.value, before.whole.value, now.whole.n, before.whole.n)
    headline = headline_of(metric, total, later, earlier, narrowed)
    texts = [f"**{headline}**"]
    if dimension:
        texts.append(groups_table(metric, dimension, groups[: wanted.limit], later, earlier))
    texts.append(basis(metric.definition, None, as_of))
    answers = (*now.answers[:-1], *before.answers[:-1])
    citations = tuple(answer.citation(metric=metric.id, **narrowed.filters) for answer in answers)
    return Observation(
        text="\n\n".join(texts),
        data=CompareData(
            metric=metric.id,
            title=metric.title,
            unit=metric.unit,
            definition=metric.definition,
            as_of=as_of.isoformat(),
            period=PeriodData.of(later),
            against=PeriodData.of(earlier),
            filters=dict(narrowed.filters),
            dimension=dimension.id if dimension else None,
            whole=total,
            groups=groups,
            chart=chart_of(metric, dimension, groups, later, earlier) if dimension else None,
            excluded=list(now.excluded),
        ),
        findings=(
            Finding(statement=headline, kind="metric", citations=[cited.id for cited in citations], confidence=1),
        ),
        citations=citations,
        notes=(*narrowed.notes, *uneven(later, earlier), *((metric.caveat,) if metric.caveat else ())),
    )


async def run(sources: Sources, wanted: CompareParameters) -> Observation:
    found = await compare(sources, wanted)
    return replace(found, data=CompareAnswer.model_validate(found.data))


def periods_of(wanted: CompareParameters, as_of: date) -> tuple[Period, Period]:
    """The later and the earlier period; one that is left out is the one beside the other."""
    this_quarter = quarter(as_of.year, (as_of.month + 2) // 3)
    against = period_of(wanted.against, as_of) if wanted.against else None
    default = against.following if against and not against.is_all else this_quarter
    later = period_of(wanted.period, as_of) if wanted.period else default
    earlier = against or later.previous
    if later == earlier or later.is_all or earlier.is_all:
        raise SourceError("not_found", "There are no two periods to compare. Give `period`, such as 2017-Q4.")
    return (earlier, later) if earlier > later else (later, earlier)


def chosen(wanted: CompareParameters) -> tuple[Metric, Dimension | None]:
    try:
        metric = computable(wanted.metric or "revenue")
        dimension = splittable(metric, wanted.dimension) if wanted.dimension else None
    except MetricError as error:
        raise SourceError("not_found", str(error)) from None
    if not follows_period(metric):
        raise SourceError(
            "not_found",
            f"{metric.title} counts deals as they stand and cannot be compared between periods: no history is kept. "
            "Compare pipeline_created instead.",
        )
    if dimension and dimension.is_time:
        raise SourceError("not_found", f"Two periods cannot be compared by {dimension.id}. Use `metric` for a trend.")
    return metric, dimension


def compared(key: str | None, now: float | None, before: float | None, n_now: int, n_before: int) -> Compared:
    difference = now - before if now is not None and before is not None else None
    return Compared(key=key, now=now, before=before, difference=difference, n_now=n_now, n_before=n_before)


def matched(metric: Metric, now: Sequence[Figures], before: Sequence[Figures]) -> list[Compared]:
    """The groups of both periods, the biggest change first; one that is missing in a period counted nothing there."""
    nothing = 0.0 if metric.additive else None
    new = {group.key: group for group in now}
    old = {group.key: group for group in before}
    found = [
        compared(
            key,
            new[key].value if key in new else nothing,
            old[key].value if key in old else nothing,
            new[key].n if key in new else 0,
            old[key].n if key in old else 0,
        )
        for key in dict.fromkeys([*new, *old])
    ]
    return sorted(found, key=lambda it: -abs(it.difference or 0))


async def biggest_moves(
    warehouse: Warehouse, metric: Metric, later: Period, earlier: Period, dimension: str, narrowed: Narrowed
) -> tuple[list[Compared], tuple[Answer, ...]]:
    """The groups of a dimension, the biggest change between two periods first, and the queries behind them."""
    split = splittable(metric, dimension)
    now, before = await ask(
        warehouse, [named_sql(metric, period, split, narrowed.filters) for period in (later, earlier)]
    )
    if not before.table.rows:  # the data does not reach back so far
        return [], ()
    return matched(metric, groups_of(metric, now, split), groups_of(metric, before, split)), (now, before)


def headline_of(metric: Metric, total: Compared, later: Period, earlier: Period, narrowed: Narrowed) -> str:
    shown = (
        f"{metric.title}{narrowed.phrase}: {figure(total.now, metric.unit)} {when(later.label)} "
        f"against {figure(total.before, metric.unit)} {when(earlier.label)}"
    )
    if total.now is None or total.before is None:
        return f"{shown}; not comparable, one of them is not computable"
    return f"{shown}, {change(total.now, total.before, metric.unit)}"


def groups_table(
    metric: Metric, dimension: Dimension, groups: Sequence[Compared], later: Period, earlier: Period
) -> str:
    rows = [
        [
            it.key or "(none)",
            figure(it.now, metric.unit),
            figure(it.before, metric.unit),
            change(it.now, it.before, metric.unit) if it.now is not None and it.before is not None else "–",
        ]
        for it in groups
    ]
    return table([dimension.title, later.label, earlier.label, "Change"], rows)


def chart_of(
    metric: Metric, dimension: Dimension, groups: Sequence[Compared], later: Period, earlier: Period
) -> Chart:
    return Chart(
        kind="bar",
        title=f"{metric.title} by {dimension.title.lower()}",
        x_title=dimension.title,
        x=[it.key or "(none)" for it in groups],
        series=[
            Series(name=earlier.label, unit=metric.unit, values=[it.before for it in groups]),
            Series(name=later.label, unit=metric.unit, values=[it.now for it in groups]),
        ],
    )


def uneven(later: Period, earlier: Period) -> tuple[str, ...]:
    if abs(later.days - earlier.days) <= 3:
        return ()
    return (f"The periods differ in length: {later.days:,} days against {earlier.days:,}.",)


COMPARE_PERIODS = Tool(
    name="compare_periods",
    description="Compares a named metric between two periods, as a whole and by a dimension, the biggest changes first.",
    cues=(
        "compare with last",
        "compared to last",
        "compared with",
        "versus last",
        "vs last",
        "against last",
        "vs previous",
        "vs prior",
        "quarter vs quarter",
        "what changed",
        "change since",
        "changed since",
        "growth",
        "grew",
        "went up",
        "went down",
        "drop from",
        "better than last",
        "worse than last",
        "year over year",
        "year on year",
        "yoy",
        "y/y",
        "q/q",
        "m/m",
    ),
    parameters=CompareParameters,
    data=CompareAnswer,
    needs="warehouse",
    run=run,
)
