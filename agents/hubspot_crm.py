"""HubSpot CRM: accounts, deals and the state of the pipeline."""

from pydantic import BaseModel, ConfigDict, Field

from agents.spec import AgentSpec
from agents.warehouse_tools.account_view import ACCOUNT_VIEW
from agents.warehouse_tools.deal_view import DEAL_VIEW
from agents.warehouse_tools.metric import METRIC
from agents.warehouse_tools.pipeline import PIPELINE_OVERVIEW
from agents.warehouse_tools.quality import DATA_QUALITY
from agents.warehouse_tools.risks import DEAL_RISKS

__all__ = ["HUBSPOT_CRM", "CrmArguments"]


class CrmArguments(BaseModel):
    """Which part of the CRM; what is left out is taken from the request, or is open."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    account: str | None = Field(default=None, max_length=200, description="customer account")
    metric: str | None = Field(
        default=None,
        max_length=100,
        description="one figure, such as pipeline_coverage, win_rate, acv, sales_cycle, velocity, slippage, nrr, churn",
    )
    dimension: str | None = Field(
        default=None,
        max_length=60,
        description="split the figure by rep, manager, region, product, sector or quarter",
    )
    deal_id: str | None = Field(default=None, max_length=40, description="id of one deal, such as 1C1I7A6R")
    pipeline: str | None = Field(
        default=None, max_length=100, description="part of the pipeline: a region, manager, product or sector"
    )
    period: str | None = Field(
        default=None,
        max_length=100,
        description="period of the closed deals: 2017-Q4, 2017-10, all, or words such as last quarter",
    )
    rep: str | None = Field(default=None, max_length=200, description="only deals of this sales rep, by full name")
    manager: str | None = Field(default=None, max_length=200, description="only the team of this manager")
    region: str | None = Field(default=None, max_length=200, description="only this regional office")
    product: str | None = Field(default=None, max_length=200, description="only this product")
    sector: str | None = Field(default=None, max_length=200, description="only customers of this sector")


HUBSPOT_CRM = AgentSpec(
    id="hubspot_crm",
    title="HubSpot CRM",
    description=(
        "Answers questions about accounts, deals and the pipeline: what is open and how old it is, which deals are at "
        "risk, what an account bought, one deal by its id, and the gaps in the CRM's data. Computes coverage, win rate, "
        "contract value, cycle, velocity, stage conversion, slippage, quota attainment, forecast, retention, churn and "
        "CAC payback, each with its query, or says which table is missing."
    ),
    role="CRM keeper: knows accounts, deals and the pipeline, and the gaps in their data.",
    instructions=(
        "Use metric for a figure that has a name, deal_view for a deal id, account_view for an account, deal_risks for "
        "what is stuck, else pipeline_overview.",
        "Name the gaps in the data before the figures that they affect.",
        "A deal is at risk only as a candidate: say which sign, with the quote and its time where there is one.",
        "Never compute a figure yourself. Keep [SQL] beside what it supports.",
    ),
    arguments=CrmArguments,
    tools=(PIPELINE_OVERVIEW, METRIC, ACCOUNT_VIEW, DEAL_VIEW, DEAL_RISKS, DATA_QUALITY),
)
