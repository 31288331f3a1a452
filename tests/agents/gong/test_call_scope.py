"""Calls that are not there, not readable or not ours to read: a clear word each, and nothing lost."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agents.gong_intelligence import GONG_INTELLIGENCE
from agents.sources import SourceError, Sources, Transcript

ONE = "7400000000000001"


def test_an_unknown_call_id_names_the_nearest_ones(ask):
    with pytest.raises(SourceError, match=r"Nearest call ids: 740000000000000[12]") as caught:
        ask("call_brief", call_id="7400000000000009")
    assert caught.value.kind == "not_found"


def test_a_part_of_a_name_that_only_one_account_has_is_read_and_said_so(ask):
    seen = ask("call_brief", account="acme")
    assert '"acme" was read as the account Acme Corporation.' in seen.notes
    assert len(seen.data.calls) == 2


def test_an_account_without_calls_names_the_nearest_ones(ask):
    text = ask("objections", account="Acmee Corp").text
    assert text == 'No account "Acmee Corp" has recorded calls. Nearest: Acme Corporation.'


def test_a_rep_without_calls_is_answered_likewise(ask):
    assert "Nearest: Sam Seller" in ask("call_brief", rep="Sam Sellers").text


def test_a_period_without_calls_says_which_days_there_are(ask):
    text = ask("next_steps", from_date="2018-01-01", to_date="2018-02-01").text
    assert text == "No recorded calls from 2018-01-01 to 2018-02-01. There are 2 from 2017-10-04 to 2017-10-18."


def test_a_period_given_backwards_is_turned_round_visibly(ask):
    seen = ask("call_brief", from_date="2017-10-31", to_date="2017-10-01")
    assert len(seen.data.calls) == 2
    assert any("ended before it began" in note for note in seen.notes)


def test_blank_arguments_are_open_ones(ask):
    assert len(ask("call_brief", call_id="", account="  ", rep=None).data.calls) == 2


def test_private_calls_are_counted_and_never_quoted(ask, library, discovery):
    library.add(replace(discovery, id="7400000000000003", title="Secret", private=True), [("bea", 0, 5, "Hush now.")])
    seen = ask("call_brief")
    assert "1 private call left out: private calls are never read or quoted." in seen.notes
    assert "Secret" not in seen.text
    asked = ask("call_brief", call_id="7400000000000003")
    assert "is private in the recorder" in asked.text
    assert not asked.citations


def test_a_call_without_a_transcript_is_told_by_its_frame(ask, library, discovery):
    library.add(replace(discovery, id="7400000000000004", title="Silent call"), None)
    seen = ask("call_brief", call_id="7400000000000004")
    assert "Silent call" in seen.text
    assert "no transcript" in seen.text
    assert "no transcript that could be analysed" in ask("objections", call_id="7400000000000004").text


def test_one_transcript_that_cannot_be_read_costs_only_its_own_call(ask, library):
    library.words[ONE] = SourceError("unavailable", "The recorder is down, try again in a minute.")
    seen = ask("call_statistics")
    assert len(seen.data.calls) == 1
    assert any("The recorder is down" in note for note in seen.notes)


def test_no_transcript_that_can_be_read_is_the_sources_failure(ask, library):
    library.words = {call: SourceError("unavailable", "The recorder is down.") for call in library.words}
    with pytest.raises(SourceError, match="The recorder is down"):
        ask("call_brief")


async def test_without_any_source_of_calls_the_error_says_what_to_do():
    brief = GONG_INTELLIGENCE.tools[0]
    with pytest.raises(SourceError, match=r"add one to downstream\.yaml"):
        await brief.run(Sources(), brief.parameters())


def test_an_untimed_transcript_is_quoted_by_sentence_number(ask, library):
    words = library.words[ONE]
    bare = tuple(replace(sentence, start_ms=0, end_ms=0) for sentence in words.sentences)
    library.words[ONE] = Transcript(ONE, bare, level="untimed")
    seen = ask("objections", call_id=ONE)
    assert "[sentence 7, Bea Buyer]" in seen.text
    assert len({citation.id for citation in seen.citations}) == len(seen.citations)
    assert any("no times" in note for note in seen.notes)


def test_a_summary_only_call_is_told_by_the_recorders_summary(ask, library):
    words = library.words[ONE]
    library.words[ONE] = Transcript(ONE, words.sentences[:2], level="prose")
    seen = ask("call_brief", call_id=ONE)
    assert "The recorder's summary" in seen.text
    assert {(cited.start_ms, cited.sentence) for cited in seen.citations} == {(None, 1), (None, 2)}
    assert {cited.speaker for cited in seen.citations} == {"written summary, nobody's own words"}


def test_more_calls_than_one_answer_reads_are_told(ask, library, discovery):
    for number in range(70):
        started = datetime(2017, 11, 1 + number % 28, tzinfo=UTC)
        library.add(replace(discovery, id=f"75{number:014d}", started=started), [("sam", 0, 5, "We look at it.")])
    seen = ask("call_statistics")
    assert "Only the 60 newest of 72 calls were read; narrow the period to see others." in seen.notes
    assert seen.text.count("\n| 2017") == 10
