"""`hr_question`: what is said to somebody who wants a decision about a person: that calls are no basis for one.

A coaching sheet beside such a question would be read as its answer, so none is given.
"""

from pydantic import Field

from agents.call_tools.coaching_scope import RepParameters
from agents.result import Record
from agents.sources import Sources
from agents.tool import Observation, Tool

__all__ = ["HR_QUESTION"]


class HrData(Record):
    """Nothing was looked at."""

    answered: bool = Field(description="always false: no call was read for a decision about a person")


async def _run(_: Sources, __: RepParameters) -> Observation:
    return Observation(
        "**Recorded calls are no basis for HR decisions, so I give no answer to this.** "
        "Private things of a person are not looked for either. Pay, promotion, performance plans and dismissals need what "
        "calls do not show, and a person who answers for "
        "them. What I can do is coach: ask how a seller's calls went, or what to practise next.",
        HrData(answered=False),
    )


HR_QUESTION = Tool(
    name="hr_question",
    description="Refuses questions about HR decisions on a person, or about their private life: pay, promotion, dismissal.",
    cues=(
        "performance plan", "performance improvement plan", "performance review", "pip", "fire", "dismiss", "sack",
        "let go", "terminate", "termination", "demote", "promote", "promotion", "bonus", "salary", "written warning",
        "pregnant", "pregnancy", "sick leave", "sick lately", "illness", "health", "disability", "religion", "ethnicity",
    ),
    parameters=RepParameters,
    data=HrData,
    needs="calls",
    run=_run,
)  # fmt: skip
