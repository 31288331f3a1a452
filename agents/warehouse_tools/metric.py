"""The tool `metric`: one named figure for a period, as a whole and by a dimension, with how it was computed.

Without a metric it gives the figures that a sales manager looks at first, beside those of the period before.
"""

from dataclasses import replace
from datetime import date

from pydantic import Field

from agents.analysis.kpi import Kpi
from agents.analysis.kpi_catalog import KPIS
from agents.analysis.metric import Dimension, Metric, Missing
from agents.analysis.metric_catalog import METRICS
from agents.analysis.metrics import (
    MetricError,
    Named,
    choose_dimension,
    choose_metric,
    computable,
    several_sql,
    splittable,
)
from agents.analysis.periods import Period
from agents.sources import SourceError, Sources, Warehouse
from agents.tool import Observation, Tool
from agents.warehouse_tools.asking import ask_one, warehouse_of
from agents.warehouse_tools.compare import CompareAnswer, CompareParameters, compare
from agents.warehouse_tools.computed import compute
from agents.warehouse_tools.glance import glance
from agents.warehouse_tools.kpi_answer import answer_kpi, kpi_period, lacking
from agents.warehouse_tools.metric_text import (
    Order,
    glance_observation,
    metric_observation,
    missing_observation,
)
from agents.warehouse_tools.narrowing import Narrowing, narrow, period_of

__all__ = ["METRIC", "MetricParameters"]

SHOWN = 10


class MetricParameters(Narrowing):
    """What to compute."""

    metric: str | None = Field(
        default=None,
        max_length=100,
        description=f"one of {', '.join(it.id for it in (*METRICS, *KPIS))}; left out: the key figures together",
    )
    period: str | None = Field(
        default=None,
        max_length=100,
        description="2017, 2017-Q4, 2017-10, 2017-W41, 2017-10-01..2017-12-31, all, or words such as last quarter",
    )
    against: str | None = Field(default=None, max_length=100, description="another period to compare this one with")
    dimension: str | None = Field(
        default=None,
        max_length=60,
        description="split by sales_agent, manager, regional_office, product, account, sector, deal_stage, month or quarter",
    )
    limit: int = Field(default=SHOWN, ge=1, le=100, description="groups to show")
    order: Order = Field(default="highest", description="which groups to show first")


async def run(sources: Sources, wanted: MetricParameters) -> Observation:
    """Compute what is wanted; with `against`, compare.

    Raises SourceError `not_found` for a metric, dimension, name or period that does not exist.
    """
    if wanted.against:
        named = wanted.model_dump(include=set(CompareParameters.model_fields), exclude_none=True)
        found = await compare(sources, CompareParameters.model_validate(named))
    else:
        found = await compute_one(sources, wanted)
    return replace(found, data=CompareAnswer.model_validate(found.data))


async def compute_one(sources: Sources, wanted: MetricParameters) -> Observation:
    warehouse = warehouse_of(sources)
    as_of = await warehouse.as_of()
    chosen = metric_of(wanted)
    if isinstance(chosen, Kpi):
        if not await lacking(warehouse, chosen):
            names = wanted.model_dump(include=set(Narrowing.model_fields), exclude_none=True)
            period = kpi_period(chosen, wanted.period, as_of)
            return await answer_kpi(warehouse, chosen, period, as_of, narrowed=bool(names))
        if chosen.fallback is None:
            return await answer_missing(warehouse, chosen, kpi_period(chosen, wanted.period, as_of), wanted, as_of)
        chosen = computable(chosen.fallback)
    period = period_of(wanted.period, as_of)
    if isinstance(chosen, Missing):
        return await answer_missing(warehouse, chosen, period, wanted, as_of)
    narrowed = await narrow(warehouse, wanted)
    if chosen is None:
        return glance_observation(await glance(warehouse, period, narrowed), period, narrowed, as_of)
    dimension = dimension_of(chosen, wanted.dimension)
    computed = await compute(warehouse, chosen, period, dimension, narrowed)
    return metric_observation(computed, dimension, narrowed, as_of, limit=wanted.limit, order=wanted.order)


async def answer_missing(
    warehouse: Warehouse, missing: Missing | Kpi, period: Period, wanted: MetricParameters, as_of: date
) -> Observation:
    """What is missing, and the figures that come nearest to it."""
    instead = [computable(name) for name in missing.instead]
    try:
        narrowed = await narrow(warehouse, wanted)
        answer = await ask_one(warehouse, several_sql([(it, period) for it in instead], narrowed.filters))
    except SourceError as error:
        if error.kind == "unavailable":
            raise
        return missing_observation(missing, period, as_of)  # a warehouse without deals has nothing instead either
    return missing_observation(missing, period, as_of, instead, answer)


def metric_of(wanted: MetricParameters) -> Named | None:
    if wanted.metric is None:
        return next((m for m in METRICS if m.id == "revenue"), None) if wanted.dimension else None
    chosen = choose_metric(wanted.metric)
    if isinstance(chosen, Missing | Kpi):
        return chosen
    try:
        return computable(wanted.metric)
    except MetricError as error:
        raise SourceError("not_found", str(error)) from None


def dimension_of(metric: Metric, text: str | None) -> Dimension | None:
    """The dimension that was asked for; deals by stage are split by stage unless something else is said."""
    if text is None:
        return choose_dimension("deal_stage") if metric.id == "stage_counts" else None
    try:
        return splittable(metric, text)
    except MetricError as error:
        raise SourceError("not_found", str(error)) from None


METRIC = Tool(
    name="metric",
    description=(
        "Computes a named sales metric for a period, in all and split by a dimension, narrowed to an account, rep, "
        "manager, region, product or sector. Gives value, numerator, denominator, what was left out and the SQL."
    ),
    cues=(
        "revenue",
        "sales figures",
        "win rate",
        "close rate",
        "deals won",
        "deals lost",
        "how many deals",
        "average deal",
        "deal size",
        "sales cycle",
        "time to close",
        "velocity",
        "open pipeline",
        "discount",
        "deals by stage",
        "how did we do",
        "key figures",
        "performance",
        "by region",
        "by rep",
        "by product",
        "by month",
        "top reps",
        "quota",
        "attainment",
        "on target",
        "coverage",
        "are we covered",
        "covered for the quarter",
        "forecast",
        "weighted pipeline",
        "slippage",
        "stage conversion",
        "time in stage",
        "ACV",
        "NRR",
        "GRR",
        "retention",
        "churn",
        "CAC payback",
    ),
    parameters=MetricParameters,
    data=CompareAnswer,
    needs="warehouse",
    run=run,
)
