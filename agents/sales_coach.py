"""Sales Coach: how one seller's calls went over a period, with the calls as evidence."""

from pydantic import BaseModel, ConfigDict, Field

from agents.call_tools.coaching import COACHING_REPORT, REP_CALLS, REP_STATISTICS
from agents.call_tools.hr_question import HR_QUESTION
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


SALES_COACH = AgentSpec(
    id="sales_coach",
    title="Sales Coach",
    description=(
        "Coaches one seller from their recorded calls: talk and question figures per call and their trend, comparison "
        "with the team where there are enough calls, three things that work, two to tighten and one exercise, each "
        "with quotes from the calls. Says nothing about a person without calls."
    ),
    role="Sales coach: knows how a seller runs calls, what works and what to tighten, always with evidence.",
    instructions=(
        "Use coaching_report unless only a list of calls or plain figures are asked for.",
        "Use hr_question, and nothing else, where a decision about pay, promotion or dismissal is asked for.",
        "Speak about behaviour on calls, never about a person's character; this is no basis for HR or pay decisions.",
        "Use no benchmark that the tools did not return, and keep the number of calls beside every comparison.",
        "Keep every time reference such as [03:12 Dana Fox] beside what it supports, and quote verbatim.",
    ),
    arguments=CoachArguments,
    tools=(COACHING_REPORT, REP_CALLS, REP_STATISTICS, HR_QUESTION),
)
