"""Sales Coach: how one seller's calls went over a period, with the calls as evidence."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from agents.analysis.calls.cues import ObjectionType
from agents.call_tools.best_call import BEST_CALL
from agents.call_tools.coaching import COACHING_REPORT
from agents.call_tools.coaching_scope import CallKind
from agents.call_tools.hr_question import HR_QUESTION
from agents.call_tools.manager_relation import RELATION, Relation
from agents.call_tools.peer_comparison import PEER_COMPARISON
from agents.call_tools.rep_calls import REP_CALLS, REP_STATISTICS
from agents.call_tools.rep_trend import REP_TREND
from agents.call_tools.scorecard import SCORECARD
from agents.call_tools.team_coaching import TEAM_COACHING
from agents.spec import AgentSpec

__all__ = ["SALES_COACH", "CoachArguments"]


class CoachArguments(BaseModel):
    """Whose calls, or which call, and when."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rep: str | None = Field(default=None, description="full name of the seller")
    call_id: str | None = Field(default=None, description="one call, by its id; its owner is the seller then")
    period: str | None = Field(
        default=None, description="2017-Q4, 2017-10, 2017-10-01..2017-12-31 or all; all calls where left out"
    )
    relation: Relation | None = Field(default=None, description=RELATION)
    kind: CallKind | None = Field(default=None, description="only calls whose title says that they are of this kind")
    newest: int | None = Field(default=None, ge=1, le=100, description="only the newest so many of these calls")
    coached_on: date | None = Field(
        default=None, description="day of a coaching, to compare the calls before and after"
    )
    objection: ObjectionType | None = Field(default=None, description="kind of objection, for the best call on one")


SALES_COACH = AgentSpec(
    id="sales_coach",
    title="Sales Coach",
    description=(
        "Coaches sellers from their recorded calls: three things that work, two to tighten and one exercise, each with "
        "quotes; trend by week and before and after a coaching; comparison with the team or its top performers where "
        "there are enough calls; a scorecard in Gong's shape; which sellers to coach on what; the best call to share. "
        "Asks whether you are the seller's manager before it speaks about a real person, says nothing about a person "
        "without calls, and is no basis for HR decisions."
    ),
    role="Sales coach: knows how a seller runs calls, what works and what to tighten, always with evidence.",
    instructions=(
        "Use coaching_report unless another tool says that it is for what is asked.",
        "Where a tool asks who the caller is, pass the question on and say nothing about the person.",
        "Use hr_question, and nothing else, where a decision about pay, promotion or dismissal is asked for.",
        "Speak about behaviour on calls, never about a person's character; this is no basis for HR or pay decisions.",
        "Use no benchmark that the tools did not return, and keep the number of calls beside every comparison.",
        "Keep every time reference such as [03:12 Dana Fox] beside what it supports, and quote verbatim.",
    ),
    arguments=CoachArguments,
    tools=(
        COACHING_REPORT,
        REP_TREND,
        PEER_COMPARISON,
        SCORECARD,
        TEAM_COACHING,
        BEST_CALL,
        REP_CALLS,
        REP_STATISTICS,
        HR_QUESTION,
    ),
)
