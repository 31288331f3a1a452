"""Sales Intelligence: one question about an account, a seller or a call, handed to the specialist for it."""

from pydantic import BaseModel, ConfigDict, Field

from agents.gong_intelligence import GONG_INTELLIGENCE
from agents.hubspot_crm import HUBSPOT_CRM
from agents.sales_coach import SALES_COACH
from teams.spec import TeamSpec

__all__ = ["SALES_INTELLIGENCE", "SalesArguments"]


class SalesArguments(BaseModel):
    """What a question of a seller or a manager is about."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    account: str | None = Field(default=None, description="customer account")
    rep: str | None = Field(default=None, description="full name of the seller")
    call_id: str | None = Field(default=None, description="id of one recorded call")


SALES_INTELLIGENCE = TeamSpec(
    id="sales_intelligence",
    title="Sales Intelligence",
    description=(
        "The place to ask when it is not clear whom: hands a sales question to exactly one specialist and says which "
        "and why. What was said on calls goes to gong_intelligence, how a seller is doing to sales_coach, deals, "
        "pipeline and accounts to hubspot_crm. If you know which of them you want, ask it directly."
    ),
    mode="route",
    members=(SALES_COACH, GONG_INTELLIGENCE, HUBSPOT_CRM),
    instructions=(
        "A call or what somebody said goes to the call analyst, a seller's skill to the coach, a deal or a figure of "
        "the pipeline to the CRM.",
    ),
    arguments=SalesArguments,
)
