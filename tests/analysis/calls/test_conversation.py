"""What `join` settles, and that it says so."""

from dataclasses import replace

from agents.analysis.calls.conversation import join
from agents.sources import Call, Party, Sentence, Transcript


def test_a_speaker_in_no_party_list_is_an_unknown_speaker_and_a_note_says_so(converse):
    talk = converse(("sam", 0, 2, "Hello there."), ("ghost", 3, 5, "Who is this?"))
    assert talk.lines[1].speaker.name == "unknown speaker"
    assert talk.lines[1].speaker.side == "unknown"
    assert any("1 speaker who is in no party list" in note for note in talk.notes)


def test_reversed_times_are_swapped_and_counted_in_a_note(converse):
    talk = converse(("sam", 9, 5, "Backwards."), ("bea", 1, 2, "First."))
    assert [(line.start_ms, line.end_ms) for line in talk.lines] == [(1000, 2000), (5000, 9000)]
    assert talk.notes == ("1 sentence ended before the start; the two times were swapped.",)


def test_every_sentence_can_be_told_apart_even_where_two_start_together(converse):
    talk = converse(("sam", 1, 2, "Yes."), ("bea", 1, 3, "Yes, please."))
    assert len({line.anchor for line in talk.lines}) == 2


def test_a_party_that_never_speaks_is_kept_as_silent(converse):
    talk = converse(("sam", 0, 1, "Hello."))
    assert [party.name for party in talk.silent] == ["Sue Engineer", "Bea Buyer", "Ben Boss"]


def test_people_of_one_name_are_told_apart(call: Call):
    twins = (
        Party("a", "Alex Kim", "external", "CFO", speaker_id="1"),
        Party("b", "Alex Kim", "external", "CTO", speaker_id="2"),
    )
    talk = join(
        replace(call, parties=twins), Transcript("1", (Sentence("1", 0, 9, "Hi."), Sentence("2", 10, 20, "Hi.")))
    )
    assert [line.speaker.name for line in talk.lines] == ["Alex Kim (CFO)", "Alex Kim (CTO)"]


def test_a_transcript_whose_times_are_all_zero_counts_as_untimed(call: Call):
    talk = join(call, Transcript("1", (Sentence("sam", 0, 0, "Hello."), Sentence("bea", 0, 0, "Hi."))))
    assert not talk.timed
    assert [line.text for line in talk.lines] == ["Hello.", "Hi."]


def test_another_language_is_noted(call: Call, converse):
    talk = converse(("sam", 0, 1, "Guten Tag."), of=replace(call, language="deu"))
    assert any('The call is in "deu"' in note for note in talk.notes)


def test_the_rep_is_the_owner_even_when_a_colleague_says_more(converse):
    talk = converse(("sue", 0, 9, "I say a lot more words than Sam does."), ("sam", 10, 11, "Right."))
    assert talk.rep is not None
    assert talk.rep.name == "Sam Seller"
