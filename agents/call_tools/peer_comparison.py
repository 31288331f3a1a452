"""`peer_comparison`: one seller's calls beside those of the top performers, or of the whole team.

Who performs best is what the deals say: the sellers with the most revenue won among those with recorded calls, the top
quarter and at least three. They are compared as a group and never named. Without deals it is the whole team.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from pydantic import Field

from agents.analysis.calls.conversation import Conversation
from agents.analysis.calls.interaction import interaction_of
from agents.call_tools.coaching_figures import Trend, figure_table, figures_of, own_values, values_of
from agents.call_tools.coaching_points import CoachedCall, coached
from agents.call_tools.coaching_scope import RepParameters, Subject, gather_calls, subject_of
from agents.call_tools.evidence import Evidence
from agents.call_tools.manager_relation import asks_for_relation, may_hear
from agents.call_tools.material import CallRow, call_row, one_by_one
from agents.result import Citation, Record
from agents.sources import SourceError, Sources
from agents.tool import Observation, Tool
from agents.warehouse_tools.compare import CompareAnswer
from agents.warehouse_tools.metric import METRIC
from agents.warehouse_tools.metric_text import MetricData

__all__ = ["PEER_COMPARISON"]

_TOP_SHARE, _TOP_AT_LEAST = 0.25, 3
_CITED = 10


class PeerData(Record):
    """One seller beside others."""

    rep: str | None
    period: str
    calls: list[CallRow]
    compared_with: str = Field(description="who the others are, and how they were chosen")
    sellers: int = Field(description="how many the others are")
    figures: list[Trend]


@dataclass(frozen=True, slots=True)
class _Peers:
    """The others: how they were chosen, and what the choice rests on. `names` None: everybody."""

    label: str
    how: str
    names: frozenset[str] | None
    citations: tuple[Citation, ...] = ()


async def _run(sources: Sources, parameters: RepParameters) -> Observation:
    subject = await subject_of(sources, parameters)
    empty = PeerData(rep=None, period=subject.period, calls=[], compared_with="", sellers=0, figures=[])
    if subject.scope.rep is None and subject.scope.call_id is None:
        return Observation("**Whose calls shall stand beside the others'?** Name the seller.", empty)
    material = await gather_calls(sources, subject)
    if not may_hear(parameters.relation, material.calls):
        return asks_for_relation(subject.scope.rep, empty, material.notes)
    calls = [coached(talk) async for talk in one_by_one(material.conversations) if talk.rep is not None]
    if not calls:
        return Observation(material.nothing or "Nobody on the seller's side is heard.", empty, notes=material.notes)
    rep = next(call.talk.rep.name for call in calls if call.talk.rep is not None)
    others = await _others(sources, subject, rep)
    peers = await _peers(sources, rep, others)
    chosen = [
        talk for talk in others if talk.rep is not None and (peers.names is None or talk.rep.name in peers.names)
    ]
    figures = figures_of(own_values(calls), await _values(chosen))
    data = PeerData(
        rep=rep,
        period=subject.period,
        calls=[call_row(call.talk.call) for call in calls],
        compared_with=peers.how,
        sellers=len({talk.rep.name for talk in chosen if talk.rep is not None}),
        figures=figures,
    )
    evidence = Evidence()
    _findings(evidence, rep, calls, figures)
    text = _text(data, peers, len(chosen))
    return Observation(text, data, evidence.findings, (*evidence.citations, *peers.citations), material.notes)


async def _others(sources: Sources, subject: Subject, rep: str) -> list[Conversation]:
    scope = subject.scope.model_copy(update={"rep": None, "call_id": None})
    material = await gather_calls(sources, Subject(scope, subject.period, subject.kind, None))
    return [talk for talk in material.conversations if talk.rep is not None and talk.rep.name != rep]


async def _peers(sources: Sources, rep: str, others: Sequence[Conversation]) -> _Peers:
    with_calls = {talk.rep.name for talk in others if talk.rep is not None}
    everybody = _Peers("team", "all other sellers with recorded calls; what they win is not known here", None)
    if sources.warehouse is None:
        return everybody
    try:
        wanted = METRIC.parameters.model_validate({"metric": "revenue", "dimension": "sales_agent", "limit": 100})
        seen = await METRIC.run(sources, wanted)
    except SourceError:
        return everybody
    revenue = CompareAnswer.model_validate(seen.data).root
    groups = revenue.groups if isinstance(revenue, MetricData) else []
    ranked = [str(group.key) for group in groups if group.key in with_calls and group.key != rep]
    if not ranked:
        return everybody
    count = max(_TOP_AT_LEAST, ceil(len(ranked) * _TOP_SHARE))
    how = (
        f"the top {min(count, len(ranked))} of {len(ranked)} other sellers with recorded calls, by revenue won over "
        "all time [SQL]"
    )
    return _Peers("top performers", how, frozenset(ranked[:count]), seen.citations)


async def _values(talks: Sequence[Conversation]) -> dict[str, list[float]]:
    values: dict[str, list[float]] = {}
    async for talk in one_by_one(talks):
        for name, value in values_of(talk, interaction_of(talk)).items():
            values.setdefault(name, []).append(value)
    return values


def _findings(evidence: Evidence, rep: str, calls: Sequence[CoachedCall], figures: Sequence[Trend]) -> None:
    places = [(call.talk, call.talk.lines[0]) for call in calls[:_CITED]]
    for figure in figures:
        value = f"{figure.mean * 100:.0f} %" if figure.unit == "share" else f"{figure.mean:g} {figure.unit}"
        evidence.metric_over(f"{rep}, {figure.label.lower()}: {value} on {figure.calls} calls (calls cited)", places)


def _text(data: PeerData, peers: _Peers, calls: int) -> str:
    number = len(data.calls)
    head = f"**{data.rep} beside the {peers.label}: {number} call{'s' * (number != 1)}** ({data.period})"
    who = f"Compared with {peers.how}: {data.sellers} sellers, {calls} calls. Each call counts once."
    return "\n\n".join([head, figure_table(data.figures, peers.label), who])


PEER_COMPARISON = Tool(
    name="peer_comparison",
    description=(
        "One seller's talk ratio, questions, patience and monologues beside the top performers' (by revenue won) or the "
        "team's, with percentile and number of calls; nothing is compared under five calls on a side."
    ),
    cues=(
        "vs top performers", "top performers", "compared with the team", "compare with the team", "against the team",
        "best sellers", "top sellers", "peers", "benchmark", "percentile", "rest of the team", "versus the team",
    ),
    parameters=RepParameters,
    data=PeerData,
    needs="calls",
    run=_run,
)  # fmt: skip
