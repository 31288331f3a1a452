"""The tool `pipeline_overview`: what is open, how old it is, and how well deals close; one deal or account if named."""

from dataclasses import replace
from datetime import date

from pydantic import ConfigDict, Field, RootModel

from agents.analysis.kpi_catalog import KPIS
from agents.analysis.metric import Metric
from agents.analysis.metrics import choose_metric, named_sql
from agents.analysis.periods import Period
from agents.result import Finding, Record
from agents.sources import SourceError, Sources, Warehouse
from agents.tool import Observation, Tool
from agents.warehouse_tools.account_view import AccountData, AccountParameters, view_account
from agents.warehouse_tools.asking import ask, number, warehouse_of, whole
from agents.warehouse_tools.deal_view import DealData, view_deal
from agents.warehouse_tools.deals import Overdue, overdue
from agents.warehouse_tools.formats import counted, figure
from agents.warehouse_tools.glance import Glance, Glanced, glance
from agents.warehouse_tools.metric_text import PeriodData
from agents.warehouse_tools.narrowing import Narrowed, Narrowing, narrow, period_of
from agents.warehouse_tools.quality import QualityData, check_quality
from agents.warehouse_tools.risks import NO_ACTIVITY, overdue_sentence

__all__ = ["PIPELINE_OVERVIEW"]

MISSING = ("pipeline_coverage", "weighted_forecast", "stage_conversion", "slippage", "nrr")


class PipelineParameters(Narrowing):
    """Whose pipeline, or which deal or account."""

    deal_id: str | None = Field(default=None, max_length=40, description="one deal, by its id")
    pipeline: str | None = Field(
        default=None, max_length=100, description="part of the pipeline: a region, manager, product or sector"
    )
    period: str | None = Field(default=None, max_length=100, description="of the closed deals; left out: all time")


class PipelineData(Record):
    """Open and closed deals at a glance."""

    as_of: str
    period: PeriodData
    filters: dict[str, str]
    quality: QualityData
    open_deals: int
    prospecting: int
    engaging: int
    list_value: float | None = Field(description="of open deals, at list price: an estimate")
    velocity_per_day: float | None
    overdue: int
    usual_days: float | None
    key_figures: list[Glance]
    not_computable: dict[str, str]


class PipelineAnswer(RootModel[PipelineData | AccountData | DealData]):
    """The pipeline, or the one account or deal that was named."""

    model_config = ConfigDict(frozen=True)


async def run(sources: Sources, wanted: PipelineParameters) -> Observation:
    """The pipeline, an account or a deal. Raises SourceError `not_found` for names that do not exist."""
    found = await look(sources, wanted)
    return replace(found, data=PipelineAnswer.model_validate(found.data))


async def look(sources: Sources, wanted: PipelineParameters) -> Observation:
    if wanted.deal_id:
        return await view_deal(sources, wanted.deal_id)
    if wanted.account:
        named = wanted.model_dump(include=set(AccountParameters.model_fields), exclude_none=True)
        return await view_account(sources, AccountParameters.model_validate(named))
    warehouse = warehouse_of(sources)
    as_of = await warehouse.as_of()
    period = period_of(wanted.period, as_of)
    narrowed = await narrow_part(warehouse, wanted)
    return await overview(warehouse, as_of, period, narrowed)


async def narrow_part(warehouse: Warehouse, wanted: PipelineParameters) -> Narrowed:
    """What the parameters narrow to; a part of the pipeline may be any of four things."""
    if wanted.pipeline is None or wanted.pipeline.strip().lower() in {"default", "sales", "all", "sales pipeline"}:
        return await narrow(warehouse, wanted)
    for kind in ("region", "manager", "product", "sector"):
        try:
            return await narrow(warehouse, wanted.model_copy(update={kind: wanted.pipeline}))
        except SourceError as error:
            if error.kind != "not_found":
                raise
    raise SourceError(
        "not_found", f"“{wanted.pipeline[:60]}” is no region, manager, product or sector of the pipeline."
    )


async def overview(warehouse: Warehouse, as_of: date, period: Period, narrowed: Narrowed) -> Observation:
    quality = await check_quality(warehouse)
    shown = await glance(warehouse, period, narrowed)
    names = ("pipeline_open", "pipeline_list_value", "velocity")
    standing, listed, velocity = await ask(
        warehouse, [named_sql(name, period, None, narrowed.filters) for name in names]
    )
    old = await overdue(warehouse, as_of, narrowed, 1)
    data = PipelineData(
        as_of=as_of.isoformat(),
        period=PeriodData.of(period),
        filters=dict(narrowed.filters),
        quality=quality.data,
        open_deals=whole(standing.value("value")),
        prospecting=whole(standing.value("prospecting")),
        engaging=whole(standing.value("engaging")),
        list_value=number(listed.value("value")),
        velocity_per_day=number(velocity.value("value")),
        overdue=old.overdue,
        usual_days=old.usual_days,
        key_figures=list(shown.figures),
        not_computable={missing.title: missing.lacks for missing in KPIS if missing.id in MISSING},
    )
    headline = headline_of(data, narrowed)
    answers = (standing, listed, velocity, shown.answer, *old.answers, *quality.answers)
    citations = tuple({(c := answer.citation(**narrowed.filters)).id: c for answer in answers}.values())
    return Observation(
        text=text_of_pipeline(headline, data, shown, old, narrowed),
        data=data,
        findings=(
            Finding(statement=headline, kind="metric", citations=[citations[0].id], confidence=1),
            *shown.findings,
            Finding(
                statement=overdue_sentence(old, narrowed),
                kind="candidate",
                citations=[answer.citation().id for answer in old.answers],
                confidence=0.6,
            ),
        ),
        citations=citations,
        notes=(*narrowed.notes, NO_ACTIVITY),
    )


def headline_of(data: PipelineData, narrowed: Narrowed) -> str:
    return (
        f"{counted(data.open_deals, 'open deal')}{narrowed.phrase}: {data.prospecting:,} prospecting, "
        f"{data.engaging:,} engaging; {figure(data.list_value, 'usd')} at list price, an estimate"
    )


def text_of_pipeline(headline: str, data: PipelineData, shown: Glanced, old: Overdue, narrowed: Narrowed) -> str:
    quality = data.quality
    gaps = "; ".join(f"{it.deals:,} {it.title.lower()}" for it in quality.issues[:3])
    velocity = choose_metric("velocity")
    how = velocity.definition if isinstance(velocity, Metric) else ""
    missing = "; ".join(f"{title} ({lacks})" for title, lacks in data.not_computable.items())
    return "\n\n".join(
        [
            f"**{headline}**",
            f"Data first: {quality.opportunities:,} deals, {gaps or 'no gaps found'}.",
            shown.table,
            f"- Velocity: {figure(data.velocity_per_day, 'usd_per_day')} ({how})\n"
            f"- Age: {overdue_sentence(old, narrowed)}",
            f"Not computable here: {missing}.",
            f"How: closed deals by close date, {data.period.label}; open deals as they stand. "
            f"Data as of {data.as_of}. [SQL]",
        ]
    )


PIPELINE_OVERVIEW = Tool(
    name="pipeline_overview",
    description=(
        "Shows the pipeline with the gaps in its data first: open deals, how old they are, win rate, deal value, cycle "
        "and velocity; with `account` that account, with `deal_id` that deal."
    ),
    cues=(
        "pipeline",
        "open deals",
        "pipeline overview",
        "pipeline health",
        "how is the quarter",
    ),
    parameters=PipelineParameters,
    data=PipelineAnswer,
    needs="warehouse",
    run=run,
)
