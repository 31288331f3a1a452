"""`team_coaching`: which sellers would gain from coaching, and on what, for the manager who leads them.

Sellers are listed by what their calls show, the most pressing first; with how many calls it rests on, because one call
says little. It compares named people, so it is for their manager only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field

from agents.analysis.calls.comparison import MIN_CALLS
from agents.call_tools.coaching import HR_NOTE, CoachingPoint, coaching_point, point_text
from agents.call_tools.coaching_figures import Trend, figures_of, own_values
from agents.call_tools.coaching_points import PRIORITIES, CoachedCall, Point, coached, to_tighten
from agents.call_tools.coaching_scope import RepParameters, Subject, gather_calls, subject_of
from agents.call_tools.evidence import Evidence, more
from agents.call_tools.manager_relation import asks_who_manages
from agents.call_tools.material import one_by_one
from agents.result import Record
from agents.sources import Sources
from agents.tool import Observation, Tool

__all__ = ["TEAM_COACHING"]

_SHOWN = 6


class SellerRow(Record):
    """One seller: what to coach first."""

    rep: str
    calls: int
    enough_calls: bool = Field(description=f"false under {MIN_CALLS} calls: a first look, no pattern")
    first: CoachingPoint | None = Field(description="the most pressing point; null where no rule found one")
    categories: list[str] = Field(description="all categories with a point, the most pressing first")
    figures: list[Trend] = Field(description="means only; nobody is compared here")


class TeamCoachingData(Record):
    """The sellers with calls, the most pressing first."""

    period: str
    sellers: list[SellerRow]


@dataclass(frozen=True, slots=True)
class _Seller:
    rep: str
    calls: list[CoachedCall]
    points: list[Point]

    @property
    def rank(self) -> tuple[int, float, str]:
        if not self.points:
            return (len(PRIORITIES), 0.0, self.rep)
        return (PRIORITIES.index(self.points[0].priority), -self.points[0].weight, self.rep)


async def _run(sources: Sources, parameters: RepParameters) -> Observation:
    subject = await subject_of(sources, parameters)
    everybody = Subject(
        subject.scope.model_copy(update={"rep": None, "call_id": None}), subject.period, subject.kind, None
    )
    material = await gather_calls(sources, everybody)
    empty = TeamCoachingData(period=subject.period, sellers=[])
    sample = all(call.synthetic for call in material.calls)
    if parameters.relation == "self" or (parameters.relation is None and not sample):
        return asks_who_manages(empty, material.notes)
    by_rep: dict[str, list[CoachedCall]] = {}
    async for talk in one_by_one(material.conversations):
        if talk.rep is not None:
            by_rep.setdefault(talk.rep.name, []).append(coached(talk))
    if not by_rep:
        return Observation(material.nothing or "Nobody on the sellers' side is heard.", empty, notes=material.notes)
    sellers = sorted(
        (_Seller(rep, calls, to_tighten(calls, 8)) for rep, calls in by_rep.items()), key=lambda s: s.rank
    )
    evidence = Evidence()
    data = TeamCoachingData(period=subject.period, sellers=[_row(evidence, seller) for seller in sellers])
    notes = (*material.notes, HR_NOTE)
    return Observation(_text(data, sellers), data, evidence.findings, evidence.citations, notes)


def _row(evidence: Evidence, seller: _Seller) -> SellerRow:
    first = seller.points[0] if seller.points else None
    return SellerRow(
        rep=seller.rep,
        calls=len(seller.calls),
        enough_calls=len(seller.calls) >= MIN_CALLS,
        first=coaching_point(evidence, first, first.priority) if first else None,
        categories=list(dict.fromkeys(point.category for point in seller.points)),
        figures=figures_of(own_values(seller.calls), {}),
    )


def _text(data: TeamCoachingData, sellers: Sequence[_Seller]) -> str:
    lines = [f"**Whom to coach, and on what: {len(sellers)} sellers with calls** ({data.period})", ""]
    for seller in [one for one in sellers if one.points][:_SHOWN]:
        number = len(seller.calls)
        topic = seller.points[0].category.replace("_", " ")
        lines.append(f"**{seller.rep}** ({number} call{'s' * (number != 1)}): {topic}")
        lines.append(point_text(seller.points[0], seller.points[0].priority))
    pointed = sum(1 for seller in sellers if seller.points)
    lines += more(pointed, min(pointed, _SHOWN))
    if pointed < len(sellers):
        lines.append(f"- For {len(sellers) - pointed} no rule found anything; that is no verdict.")
    few = sum(1 for seller in sellers if len(seller.calls) < MIN_CALLS)
    if few:
        lines.append(f"\n{few} of {len(sellers)} sellers have under {MIN_CALLS} calls: a first look, no pattern.")
    return "\n".join(lines)


TEAM_COACHING = Tool(
    name="team_coaching",
    description=(
        "Which sellers of a team to coach and on what, the most pressing first, each with the call and the words it "
        "rests on. For their manager only."
    ),
    cues=(
        "which reps", "which sellers", "who needs coaching", "needs coaching", "need coaching", "coaching opportunities",
        "my team", "the team", "whom to coach", "who should i coach", "weakest", "train the team", "reps with",
        "which of my", "who on my team", "by rep",
    ),
    parameters=RepParameters,
    data=TeamCoachingData,
    needs="calls",
    run=_run,
)  # fmt: skip
