"""Promises, ranked: what might be one comes first, and each says how sure that is."""

from dataclasses import replace

from agents.analysis.calls.commitments import commitments_in
from agents.analysis.calls.next_steps import next_steps_in


def test_promises_come_before_what_only_sounds_like_one(converse):
    talk = converse(
        ("sam", 0, 2, "I think we can see the whole picture here."),
        ("sam", 2, 4, "I'll send you the documentation tomorrow."),
        ("bea", 4, 6, "We looked at it last year."),
    )
    ranked = commitments_in(talk)
    assert ranked[0].line.number == 1
    assert ranked[0].likely
    assert [one.confidence for one in ranked] == sorted((one.confidence for one in ranked), reverse=True)
    assert all(0 < one.confidence < 1 for one in ranked)
    assert [one.line.number for one in ranked if one.likely] == [1]


def test_hesitations_do_not_hide_a_promise(converse):
    talk = converse(("sam", 0, 3, "um i'll - i'll uh send him email"))
    assert commitments_in(talk)[0].likely


def test_a_sentence_without_an_owner_is_no_candidate(converse):
    assert commitments_in(converse(("bea", 0, 2, "The weather is nice today."))) == ()


def test_no_promise_is_guessed_in_another_language(converse, call):
    german = replace(call, language="deu")
    assert commitments_in(converse(("sam", 0, 2, "I'll send it."), of=german)) == ()


def test_a_promise_with_an_unlisted_verb_becomes_a_next_step_with_a_modest_confidence(converse):
    talk = converse(
        ("bea", 0, 90, "We talk about many things here."),
        ("sam", 95, 98, "And I'll block the eighteenth."),
        ("bea", 98, 99, "Fine."),
    )
    (step,) = next_steps_in(talk)
    assert (step.owner, step.action) == ("Sam Seller", "block the eighteenth")
    assert step.confidence < 0.9
