"""Executive Knowledge: the executive view, argued out between the figures, the coaching and the calls."""

from pydantic import BaseModel, ConfigDict, Field

from agents.executive_knowledge import EXECUTIVE_KNOWLEDGE
from agents.gong_intelligence import GONG_INTELLIGENCE
from agents.sales_coach import SALES_COACH
from teams.spec import TeamSpec

__all__ = ["EXECUTIVE_KNOWLEDGE_TEAM", "ExecutiveArguments"]


class ExecutiveArguments(BaseModel):
    """What an executive wants to know."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    period: str | None = Field(
        default=None,
        description="2017-Q4, 2017-10, 2017-10-01..2017-12-31 or all; the sources' own default if left out",
    )
    focus: str | None = Field(default=None, description="the question behind it, such as win rate or a market")


EXECUTIVE_KNOWLEDGE_TEAM = TeamSpec(
    id="executive_knowledge",
    title="Executive Knowledge",
    description=(
        "Gives an executive view of the sales business from three sides: the key figures, how sellers run their calls, "
        "and what customers say. Every side answers, reads the others and answers again; the result says where their "
        "evidence agrees and lists the dissent where it does not. Confidential. For a plain figure or a quick brief "
        "ask executive_knowledge."
    ),
    mode="collaborate",
    members=(EXECUTIVE_KNOWLEDGE, SALES_COACH, GONG_INTELLIGENCE),
    instructions=(
        "Begin with what an executive has to decide or to know, then what supports it, then what contradicts it.",
        "Speak about behaviour on calls, never about a person's character; this is no basis for HR or pay decisions.",
    ),
    arguments=ExecutiveArguments,
)
