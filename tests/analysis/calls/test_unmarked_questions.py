"""Questions in transcripts that carry no marks: what is said around a sentence decides with its words."""

from dataclasses import replace

import pytest

from agents.analysis.calls.questions import asked_in, questions_in

TALK = (
    ("sam", 0, 2, "so how do you decide something like this"),
    ("bea", 2.6, 8, "um the team tries it out and then i talk to finance about it"),
    ("sam", 8.5, 10, "okay and do you have a budget for this year"),
    ("bea", 10.4, 11, "yeah"),
    ("bea", 11.2, 14, "we set something aside in the spring"),
    ("sam", 14.5, 17, "that is good to hear"),
)


def test_questions_without_marks_are_found_with_what_they_invite_and_how_sure_that_is(converse):
    asked = asked_in(converse(*TALK))
    assert [(one.line.number, one.kind) for one in asked] == [(0, "open"), (2, "closed")]
    assert all(0.3 < one.confidence < 1 for one in asked)


def test_a_question_mark_is_certain_and_a_full_stop_closes_a_statement(converse):
    talk = converse(
        ("bea", 0, 2, "You ship on Monday?"),
        ("sam", 2.5, 3, "Yes."),
        ("sam", 3, 5, "What we need is your address."),
    )
    assert [(one.line.number, one.confidence) for one in asked_in(talk)] == [(0, 1.0)]


def test_a_long_transcript_that_closes_even_questions_with_a_full_stop_is_read_by_its_words(converse):
    talk = converse(*((who, a + 20 * n, b + 20 * n, f"{text}.") for n in range(10) for who, a, b, text in TALK))
    assert {line.number % len(TALK) for line, _ in questions_in(talk)} == {0, 2}


def test_tags_are_asked_but_counted_as_no_question(converse):
    talk = converse(("sam", 0, 2, "We start on Monday."), ("sam", 2, 3, "Right?"), ("bea", 3, 4, "Right."))
    assert [one.kind for one in asked_in(talk)] == ["tag"]
    assert questions_in(talk) == []


@pytest.mark.parametrize("apostrophe", ["'", "’", ""])
def test_case_and_apostrophes_change_nothing(converse, apostrophe: str):
    talk = converse(("sam", 0, 2, f"What{apostrophe}s the plan THEN"), ("bea", 2.5, 4, "we wait"))
    assert [one.line.number for one in asked_in(talk)] == [0]


def test_without_times_the_words_alone_decide(converse):
    talk = converse(*((who, 0, 0, text) for who, _, _, text in TALK))
    assert not talk.timed
    assert {one.line.number for one in asked_in(talk)} == {0, 2}


def test_no_guess_is_made_in_another_language(converse, call):
    german = replace(call, language="deu")
    assert asked_in(converse(("sam", 0, 2, "do you have a budget"), of=german)) == ()
