"""The tool `list_metrics`: what can be asked, and what cannot and why."""

from pydantic import BaseModel, ConfigDict

from agents.analysis.dimensions import DIMENSIONS
from agents.analysis.kpi import RELATIONS
from agents.analysis.kpi_catalog import KPIS
from agents.analysis.metric_catalog import METRICS
from agents.analysis.not_computable import NOT_COMPUTABLE
from agents.result import Record
from agents.sources import Sources
from agents.tool import Observation, Tool
from agents.warehouse_tools.formats import counted

__all__ = ["LIST_METRICS"]


class ListParameters(BaseModel):
    """Nothing to choose."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Entry(Record):
    """One metric."""

    id: str
    title: str
    unit: str
    definition: str


class Needing(Entry):
    """One that needs tables of its own."""

    needs: list[str]


class MetricsData(Record):
    """The catalog."""

    metrics: list[Entry]
    need_tables: list[Needing]
    dimensions: list[str]
    not_computable: dict[str, str]


async def run(_: Sources, __: ListParameters) -> Observation:
    dimensions = [dimension.id for dimension in DIMENSIONS]
    lines = [f"- **{metric.title}** (`{metric.id}`): {metric.definition}" for metric in METRICS]
    missing = [f"- {missing.title}: {missing.lacks}" for missing in NOT_COMPUTABLE]
    needing = [
        f"- **{it.title}** (`{it.id}`): {it.definition}; needs {', '.join(f'`{need}`' for need in it.needs)}"
        for it in KPIS
    ]
    tables = [f"- `{it.name}` ({', '.join(it.columns)}): {it.holds}" for it in RELATIONS.values()]
    return Observation(
        text=f"**{counted(len(METRICS), 'metric')}, each for any period and split by any of these: "
        f"{', '.join(dimensions)}**\n\n"
        + "\n".join(lines)
        + "\n\nComputed where the warehouse has the tables for them:\n\n"
        + "\n".join(needing)
        + "\n\nThese tables or views:\n\n"
        + "\n".join(tables)
        + "\n\nNot computable:\n\n"
        + "\n".join(missing),
        data=MetricsData(
            metrics=[Entry(id=it.id, title=it.title, unit=it.unit, definition=it.definition) for it in METRICS],
            need_tables=[
                Needing(id=it.id, title=it.title, unit=it.unit, definition=it.definition, needs=list(it.needs))
                for it in KPIS
            ],
            dimensions=dimensions,
            not_computable={it.title: it.lacks for it in NOT_COMPUTABLE},
        ),
    )


LIST_METRICS = Tool(
    name="list_metrics",
    description="Lists the named metrics and dimensions, with definitions, and what cannot be computed and why.",
    cues=(
        "list metrics",
        "which metrics",
        "what metrics",
        "available metrics",
        "what can you compute",
        "what can I ask",
    ),
    parameters=ListParameters,
    data=MetricsData,
    needs="warehouse",
    run=run,
)
