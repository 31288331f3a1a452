"""`rep_calls` and `rep_statistics`: one seller's calls as a list, and their figures call by call."""

from agents.call_tools.call_list import CallLine, list_calls
from agents.call_tools.call_statistics import StatisticsData, observe_statistics
from agents.call_tools.coaching_scope import RepParameters, gather_calls, subject_of
from agents.call_tools.evidence import Evidence
from agents.call_tools.manager_relation import asks_for_relation, may_hear
from agents.call_tools.material import Material
from agents.result import Record
from agents.sources import Sources
from agents.tool import Observation, Tool

__all__ = ["REP_CALLS", "REP_STATISTICS"]


class RepCallsData(Record):
    """A seller's calls, newest first."""

    lines: list[CallLine]


async def _calls(sources: Sources, parameters: RepParameters) -> Observation:
    material = await gather_calls(sources, await subject_of(sources, parameters))
    if not material.calls:
        return Observation(material.nothing or "No recorded calls.", RepCallsData(lines=[]), notes=material.notes)
    evidence = Evidence()
    text, lines = await list_calls(evidence, material)
    return Observation(text, RepCallsData(lines=lines), evidence.findings, evidence.citations, material.notes)


async def _statistics(sources: Sources, parameters: RepParameters) -> Observation:
    subject = await subject_of(sources, parameters)
    material = await gather_calls(sources, subject)
    if not may_hear(parameters.relation, material.calls):
        nobody = await observe_statistics(Material((), (), (), (), "Nothing is told yet."))
        who = next((call.owner for call in material.calls if call.owner), subject.scope.rep)
        return asks_for_relation(who, nobody.data, material.notes)
    return await observe_statistics(material)


REP_CALLS = Tool(
    name="rep_calls",
    description="The calls of one seller, newest first, one line each with objections and next step.",
    cues=("calls of", "list calls", "which calls", "calls by", "recent calls", "last calls"),
    parameters=RepParameters,
    data=RepCallsData,
    needs="calls",
    run=_calls,
)
REP_STATISTICS = Tool(
    name="rep_statistics",
    description="Talk ratio, monologues, patience, questions and pace per call of one seller, and their means.",
    cues=("talk ratio", "talk time", "statistics", "stats", "monologue", "patience", "question rate", "per call"),
    parameters=RepParameters,
    data=StatisticsData,
    needs="calls",
    run=_statistics,
)
