"""Business Intelligence: the state of the business from calls, deals, messages and the warehouse together."""

from pydantic import BaseModel, ConfigDict, Field

from agents.gong_intelligence import GONG_INTELLIGENCE
from agents.hubspot_crm import HUBSPOT_CRM
from agents.slack_orchestrator import SLACK_ORCHESTRATOR
from agents.snowflake_analyst import SNOWFLAKE_ANALYST
from teams.spec import TeamSpec

__all__ = ["BUSINESS_INTELLIGENCE", "BusinessArguments"]


class BusinessArguments(BaseModel):
    """What a look at the business is about."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    period: str | None = Field(
        default=None,
        description="2017-Q4, 2017-10, 2017-10-01..2017-12-31 or all; the sources' own default if left out",
    )
    focus: str | None = Field(default=None, description="what to look at most closely, such as pricing or one region")


BUSINESS_INTELLIGENCE = TeamSpec(
    id="business_intelligence",
    title="Business Intelligence",
    description=(
        "Answers a business question that needs several sources at once: what customers say on calls, what the deals "
        "and the pipeline show, what is discussed in channels, and what the warehouse measures. Asks the specialists "
        "concerned at the same time, says who found what, and says what is missing. For one source alone ask its "
        "agent; for a question about one account or one seller, sales_intelligence_team."
    ),
    mode="coordinate",
    members=(GONG_INTELLIGENCE, HUBSPOT_CRM, SLACK_ORCHESTRATOR, SNOWFLAKE_ANALYST),
    instructions=(
        "Set what the sources say side by side: where deals and calls tell different stories, say so.",
        "Figures come from the warehouse and the deals, reasons from calls and messages; do not mix them up.",
        "Nobody on this team sends anything: ask no member to post a message.",
    ),
    arguments=BusinessArguments,
)
