"""Snowflake Analyst: named figures from the warehouse, each with its query."""

from pydantic import BaseModel, ConfigDict, Field

from agents.spec import AgentSpec
from agents.warehouse_tools.compare import COMPARE_PERIODS
from agents.warehouse_tools.listing import LIST_METRICS
from agents.warehouse_tools.metric import METRIC
from agents.warehouse_tools.metric_text import Order
from agents.warehouse_tools.quality import DATA_QUALITY
from agents.warehouse_tools.statement import RUN_SQL

__all__ = ["SNOWFLAKE_ANALYST", "AnalystArguments"]


class AnalystArguments(BaseModel):
    """What to compute; what is left out is taken from the request, or is open."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    metric: str | None = Field(
        default=None,
        max_length=100,
        description="named metric, such as revenue, win_rate, average_deal_value, sales_cycle, velocity",
    )
    period: str | None = Field(
        default=None,
        max_length=100,
        description="2017, 2017-Q4, 2017-10, 2017-10-01..2017-12-31, all, or words such as last quarter",
    )
    against: str | None = Field(default=None, max_length=100, description="period to compare with")
    dimension: str | None = Field(
        default=None,
        max_length=60,
        description="sales_agent, manager, regional_office, product, account, sector, deal_stage, month or quarter",
    )
    account: str | None = Field(default=None, max_length=200, description="only this customer account")
    rep: str | None = Field(default=None, max_length=200, description="only this sales rep, by full name")
    manager: str | None = Field(default=None, max_length=200, description="only this manager's team")
    region: str | None = Field(default=None, max_length=200, description="only this regional office")
    product: str | None = Field(default=None, max_length=200, description="only this product")
    sector: str | None = Field(default=None, max_length=200, description="only customers of this sector")
    limit: int | None = Field(default=None, ge=1, le=100, description="groups to show")
    order: Order | None = Field(default=None, description="which groups to show first")
    sql: str | None = Field(
        default=None, max_length=20_000, description="one SELECT over the view `opportunities`, run as it is"
    )


SNOWFLAKE_ANALYST = AgentSpec(
    id="snowflake_analyst",
    title="Snowflake Analyst",
    description=(
        "Computes sales figures from the warehouse: revenue, deals won and lost, win rate, average deal value, sales "
        "cycle, velocity, open pipeline and discount, for a period and by rep, manager, region, product, account, "
        "sector, month or quarter. Every figure comes with its definition, what was left out and the SQL."
    ),
    role="Analyst: computes sales figures from the warehouse and shows how.",
    instructions=(
        "Use `metric` for every figure that has a name; `run_sql` only for what no named metric can give.",
        "Lead with the figure, then the table. Never round further and never compute a figure yourself.",
        "Say what was left out and on which day the data ends. What cannot be computed is said, never estimated.",
        "Keep [SQL] beside what it supports.",
    ),
    arguments=AnalystArguments,
    tools=(METRIC, COMPARE_PERIODS, DATA_QUALITY, LIST_METRICS, RUN_SQL),
)
