"""When members are said to agree: by the evidence under their findings, never by what a model says."""

from agents.outcome import Answered


async def test_dissent_is_listed_where_there_is_no_consensus(ask):
    outcome = await ask("Give me an overview", mode="collaborate")
    assert isinstance(outcome, Answered)
    assert "No consensus: 3 of 6 findings stand on the evidence of more than one member." in outcome.answer
    assert "- Only Deal Desk: Deal Desk alone" in outcome.answer


async def test_one_answering_member_agrees_with_nobody(ask):
    from agents.sources import SourceError

    ask.source.break_with = dict.fromkeys(["calls", "deals"], SourceError("unavailable", "Away."))
    outcome = await ask("Give me an overview", mode="collaborate")
    assert isinstance(outcome, Answered)
    assert "onsensus" not in outcome.answer
