"""Recordings as they come: every tool answers, and says what is wrong. All of it is invented."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agents.gong_intelligence import GONG_INTELLIGENCE
from agents.sources import Party, SourceError

ID = "7400000000000009"
SAM = Party("p1", "Sam Seller", "internal", speaker_id="sam", user_id="u1")
BEA = Party("p2", "Bea Buyer", "external", speaker_id="bea")
TALK = (
    ("sam", 0, 4, "What price did you expect for this?"),
    ("bea", 5, 9, "Four thousand dollars is too expensive."),
)
FIXTURES = {
    "a party without a speaker id": ({"parties": (SAM, BEA, Party("p3", "Ben Boss", "external"))}, TALK, "Ben Boss"),
    "a speaker in no party list": ({"parties": (SAM,)}, TALK, "in no party list"),
    "overlapping sentences": ({}, (*TALK, ("sam", 6, 12, "I hear you on that.")), ""),
    "reversed times": ({}, (*TALK, ("sam", 20, 15, "We can talk about that.")), "ended before the start"),
    "another language": ({"language": "deu"}, TALK, 'is in "deu"'),
    "a private call": ({"private": True}, TALK, "private"),
    "no transcript": ({}, None, "no transcript"),
    "an empty transcript": ({}, (), "its transcript is empty"),
    "two people of one name": ({"parties": (SAM, BEA, replace(BEA, id="p3", speaker_id="b2"))}, TALK, "Bea Buyer"),
    "a date in the future": ({"started": datetime(2031, 1, 1, tzinfo=UTC)}, TALK, "dated in the future"),
    "a single sentence": ({}, TALK[:1], ""),
    "no duration at all": (
        {"duration_s": 0},
        tuple((w, 3, 3, text) for w, _, _, text in TALK),
        "at the same instant",
    ),
}


@pytest.mark.parametrize("tool", [tool.name for tool in GONG_INTELLIGENCE.tools if tool.name != "search_calls"])
@pytest.mark.parametrize("what", FIXTURES)
def test_a_bad_recording_gets_an_answer_that_says_what_is_wrong(ask, library, discovery, tool, what):
    changes, spoken, expected = FIXTURES[what]
    library.calls.clear()
    library.add(replace(discovery, id=ID, **{"parties": (SAM, BEA), **changes}), spoken)
    seen = ask(tool, call_id=ID)
    assert seen.text
    assert expected in "\n".join([seen.text, *seen.notes])


@pytest.mark.parametrize("tool", [tool.name for tool in GONG_INTELLIGENCE.tools])
def test_a_call_that_does_not_exist_is_an_error_that_names_the_nearest(ask, tool):
    with pytest.raises(SourceError, match="There is no call 7400000000000003"):
        ask(tool, call_id="7400000000000003", **({"query": "price"} if tool == "search_calls" else {}))


def test_a_call_in_another_language_gets_its_statistics_and_nothing_from_english_cue_lists(ask, library, discovery):
    library.calls.clear()
    library.add(replace(discovery, id=ID, language="deu"), TALK)
    assert "% of the talk time" in ask("call_statistics", call_id=ID).text
    for tool in ("objections", "next_steps", "pricing", "competitors", "questions", "trackers", "framework_coverage"):
        seen = ask(tool, call_id=ID)
        assert "could not be looked for" in seen.text
        assert not seen.findings


def test_a_recommended_range_has_a_source_and_stands_beside_the_team_or_says_why_not(ask, library, discovery):
    few = ask("call_statistics", call_id="7400000000000001")
    assert all(it.team_percentile is None and "5 are needed" in it.suppressed for it in few.data.beside)
    for number in range(6):
        library.add(replace(discovery, id=f"75{number:014d}"), TALK)
    many = ask("call_statistics", call_id="7400000000000001")
    ratio = next(it for it in many.data.beside if it.metric == "talk_ratio")
    assert ratio.team_percentile is not None
    assert ratio.team_calls == 7
    for it in many.data.beside:
        assert it.recommended.source
        assert it.recommended.date
        assert it.recommended.read or "secondary source" in many.text


def test_before_a_call_a_manager_reads_who_what_was_promised_and_what_is_open(ask):
    seen = ask("call_history", account="Acme Corporation")
    state = seen.data.accounts[0].state
    assert [(person.name, person.calls, person.heard) for person in state.people] == [("Bea Buyer", 2, True)]
    assert state.we_promised[0].action == "send you a new proposal by Friday"
    assert state.rivals == ["Corvanta"]
    for part in ("Their people: Bea Buyer (VP Operations", "We promised, 2017-10-04", "Last amount said", "Corvanta"):
        assert part in seen.text


def test_whether_price_came_up_before_value_is_told_with_both_sentences(ask):
    (order,) = ask("pricing", call_id="7400000000000001").data.order
    assert order.price_first is False
    assert order.value.text == "Every failed simulation costs the team two days of work."
    assert "Value possibly came up before price" in ask("pricing", call_id="7400000000000001").text
