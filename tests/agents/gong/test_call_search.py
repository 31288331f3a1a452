"""What a sales manager gets who looks for something that was said."""

from datetime import date

from agents.analysis.calls.query import read_query
from agents.call_tools.search_hits import subject
from agents.result import CallCitation
from agents.sources import CallScope


def speakers(seen) -> set[str]:
    return {passage.quotes[0].speaker for passage in seen.data.passages}


def test_what_somebody_said_is_answered_with_their_words_alone(ask):
    assert speakers(ask("search_calls", query="delivery")) == {"Sam Seller", "Bea Buyer"}
    assert speakers(ask("search_calls", query="What did Bea say about the delivery?")) == {"Bea Buyer"}


def test_where_the_person_asked_about_says_nothing_of_it_the_answer_says_so(ask):
    seen = ask("search_calls", query="What did Sam Seller say about the audit?")
    assert speakers(seen) == {"Bea Buyer"}
    assert "No passage with “audit” by Sam Seller was found; these are by others." in seen.text


def test_who_said_it_names_them_with_their_side(ask):
    text = ask("search_calls", query="Who mentioned the audit?").text
    assert "Said by Bea Buyer (customer)." in text


def test_a_question_is_quoted_with_its_reply_and_both_are_cited(ask):
    seen = ask("search_calls", query="simulation fails overnight")
    assert (
        "[00:05 Sam Seller] “What happens today when a simulation fails overnight?” · [00:10 Bea Buyer]" in seen.text
    )
    cited = {it.speaker for it in seen.citations if isinstance(it, CallCitation)}
    assert cited == {"Sam Seller", "Bea Buyer"}


def test_words_in_quotation_marks_stand_as_they_are(ask):
    query = "“run out of memory”"
    assert [it.quotes[0].at for it in ask("search_calls", query=query).data.passages] == ["00:18"]
    assert ask("search_calls", query='"memory out of run"').data.passages == []


def test_a_misspelt_name_is_found_and_the_answer_says_how_it_was_read(ask):
    seen = ask("search_calls", query="Corvnta")
    assert seen.data.passages[0].matched == ["corvanta"]
    assert "Nobody says “corvnta”; “corvanta” was searched instead." in seen.notes


def test_a_word_of_several_that_nobody_says_is_named(ask):
    assert "Nobody says “blockchain”." in ask("search_calls", query="blockchain before the audit").notes


def test_passages_with_little_of_what_was_asked_are_left_out(ask):
    (passage,) = ask("search_calls", query="large models of old cards").data.passages
    assert passage.quotes[0].text == "And the old cards run out of memory on the large models."
    assert passage.matched == ["old", "cards", "large", "models"]


def test_names_and_days_that_say_which_calls_are_meant_are_no_subject():
    scope = CallScope(account="Acme Corporation", rep="Sam Seller", from_date=date(2017, 10, 1))

    def words(text: str) -> list[str]:
        return list(read_query(subject(text, scope, date(2017, 12, 31)), ["Sam Seller"]).words.values())

    assert words("who at Acme Corporation talked about support since October?") == ["support"]
    assert words("delivery with Acme in Q4 2017") == ["delivery"]
    assert words("find support on calls of Sam Seller") == ["support"]
    assert subject("What did Sam say about support?", scope, date(2017, 12, 31)) == "What did Sam say about support?"
    assert subject("Acme", scope, date(2017, 12, 31)) == "Acme"


def test_an_account_in_the_request_is_not_missed_among_the_words_said(ask):
    seen = ask("search_calls", query="what did Acme say about the delivery?", account="Acme Corporation")
    assert not any("Nobody says" in note for note in seen.notes)
