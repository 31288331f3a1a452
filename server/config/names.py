"""The agents and teams that a configuration may speak of: the one place that lists them.

A team's published tool is its id with `_team` behind it; an agent's tool is its id.
"""

from typing import Final, Literal, TypeAlias, get_args

AgentId: TypeAlias = Literal[
    "gong_intelligence",
    "sales_coach",
    "hubspot_crm",
    "slack_orchestrator",
    "snowflake_analyst",
    "executive_knowledge",
]
ExistingToolId: TypeAlias = Literal["gong_call_analysis"]
"""The tools of existing servers that an agent can serve in their own shape."""

TeamId: TypeAlias = Literal["business_intelligence", "executive_knowledge", "sales_intelligence"]

AGENT_IDS: Final[tuple[AgentId, ...]] = get_args(AgentId)
TEAM_IDS: Final[tuple[TeamId, ...]] = get_args(TeamId)

SERVICES: Final = ("gong", "hubspot", "slack", "snowflake", "linear", "knowledge")
"""What `mcp_services` may name although no server of that name is configured (yet)."""
