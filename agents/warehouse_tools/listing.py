"""The tool `list_metrics`: what can be asked, and what cannot and why."""

from pydantic import BaseModel, ConfigDict

from agents.analysis.dimensions import DIMENSIONS
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


class MetricsData(Record):
    """The catalog."""

    metrics: list[Entry]
    dimensions: list[str]
    not_computable: dict[str, str]


async def run(_: Sources, __: ListParameters) -> Observation:
    dimensions = [dimension.id for dimension in DIMENSIONS]
    lines = [f"- **{metric.title}** (`{metric.id}`): {metric.definition}" for metric in METRICS]
    missing = [f"- {missing.title}: {missing.lacks}" for missing in NOT_COMPUTABLE]
    return Observation(
        text=f"**{counted(len(METRICS), 'metric')}, each for any period and split by any of these: "
        f"{', '.join(dimensions)}**\n\n"
        + "\n".join(lines)
        + "\n\nNot computable from this warehouse:\n\n"
        + "\n".join(missing),
        data=MetricsData(
            metrics=[Entry(id=it.id, title=it.title, unit=it.unit, definition=it.definition) for it in METRICS],
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
