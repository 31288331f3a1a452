"""When members are said to agree: by the evidence under their findings, never by what a model says."""

from dataclasses import replace

from pydantic import BaseModel

from agents.ledger import Ledger, Observed
from agents.outcome import Answered
from agents.result import CallCitation, Finding
from agents.tool import Observation
from teams.collaborate import agreement
from teams.way import Member


class Nothing(BaseModel):
    pass


async def test_dissent_is_listed_where_there_is_no_consensus(ask):
    outcome = await ask("Give me an overview", mode="collaborate")
    assert isinstance(outcome, Answered)
    said = "No consensus: of 6 findings that could be compared, 3 stand on the evidence of more than one member."
    assert said in outcome.answer
    assert "- Only Deal Desk: Deal Desk alone" in outcome.answer


async def test_one_answering_member_agrees_with_nobody(ask):
    from agents.sources import SourceError

    ask.source.break_with = dict.fromkeys(["calls", "deals"], SourceError("unavailable", "Away."))
    outcome = await ask("Give me an overview", mode="collaborate")
    assert isinstance(outcome, Answered)
    assert "onsensus" not in outcome.answer


async def test_what_one_member_alone_looked_at_is_neither_agreement_nor_dissent(ask) -> None:
    async def member(title: str, *found: tuple[str, int]) -> Member:
        citations = tuple(
            CallCitation(
                id=f"call:{call}@{at}",
                call_id=call,
                call_title="synthetic",
                start_ms=at,
                end_ms=at,
                speaker="Ann",
                quote="well",
            )
            for call, at in found
        )
        findings = tuple(
            Finding(statement=f"{title} on {citation.id}", kind="fact", citations=[citation.id], confidence=1)
            for citation in citations
        )
        ledger = Ledger()
        seen = Observation(text="", data=Nothing(), findings=findings, citations=citations)

        async def look() -> Observed:
            return Observed("look", seen, {}, "")

        await ledger.record("look", {}, look, writes=False)
        return Member(replace(ask.spec.members[0], title=title), ledger, Answered("", ""))

    one = await member("A", ("one", 1), ("one", 5), ("two", 1))
    found = agreement((one, await member("B", ("one", 1), ("three", 1))))
    assert len(found.shared) == 2
    assert [(title, len(findings)) for title, findings in found.alone] == [("A", 1), ("B", 0)]
    assert found.elsewhere == 2
    assert found.ratio == 2 / 3
