"""The agents that are published, in the order in which they are listed."""

from agents.executive_knowledge import EXECUTIVE_KNOWLEDGE
from agents.gong_intelligence import GONG_INTELLIGENCE
from agents.hubspot_crm import HUBSPOT_CRM
from agents.sales_coach import SALES_COACH
from agents.slack_orchestrator import SLACK_ORCHESTRATOR
from agents.snowflake_analyst import SNOWFLAKE_ANALYST
from agents.spec import AgentSpec

__all__ = ["AGENTS"]

AGENTS: tuple[AgentSpec, ...] = (
    GONG_INTELLIGENCE,
    SALES_COACH,
    HUBSPOT_CRM,
    SLACK_ORCHESTRATOR,
    SNOWFLAKE_ANALYST,
    EXECUTIVE_KNOWLEDGE,
)
