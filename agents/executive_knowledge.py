"""Executive Knowledge: the one-page brief, where deals are lost, and what the documents say."""

from pydantic import BaseModel, ConfigDict, Field

from agents.document_tools.search import SEARCH_DOCUMENTS
from agents.spec import AgentSpec
from agents.warehouse_tools.brief import EXECUTIVE_BRIEF
from agents.warehouse_tools.losses import WHY_LOST

__all__ = ["EXECUTIVE_KNOWLEDGE", "ExecutiveArguments"]


class ExecutiveArguments(BaseModel):
    """Which period, and what it is about; what is left out is taken from the request, or is open."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    topic: str | None = Field(
        default=None,
        max_length=200,
        description="a region, manager, product, sector, account or rep to look at alone",
    )
    period: str | None = Field(
        default=None, max_length=100, description="2017, 2017-Q4, 2017-10, all, or words such as last quarter"
    )


EXECUTIVE_KNOWLEDGE = AgentSpec(
    id="executive_knowledge",
    title="Executive Knowledge",
    description=(
        "Writes the one-page executive brief of a period from warehouse and calls: key figures against the period "
        "before, what moved, top risks with owner, customer voice, decisions to take and caveats. Also where deals are "
        "lost more often, and passages of the documents."
    ),
    role="Chief of staff: puts figures, risks and customers' words on one page and says what is not known.",
    instructions=(
        "Use why_lost for losses, search_documents for written knowledge, executive_brief for everything else.",
        "Lead with the number and what changed. Say what cannot be computed instead of estimating it.",
        "Risks, customer voice and decisions are candidates: never state them as facts.",
        "Keep [SQL] and time references beside what they support.",
    ),
    arguments=ExecutiveArguments,
    tools=(EXECUTIVE_BRIEF, WHY_LOST, SEARCH_DOCUMENTS),
)
