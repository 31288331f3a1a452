"""Interaction figures on conversations small enough to check by hand, and on real meetings where they are at hand."""

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.analysis.calls.conversation import join
from agents.analysis.calls.interaction import interaction_of
from agents.analysis.calls.turns import Parameters, turns_of
from agents.sources import Call, Party, Sentence, Transcript

MEETINGS = sorted((Path(__file__).parents[4] / "shared" / "data" / "icsi" / "val").glob("*.json"))


def test_pauses_up_to_three_seconds_stay_in_one_turn(converse):
    talk = converse(("sam", 0, 5, "One thing."), ("sam", 8, 10, "Another."), ("sam", 13.1, 15, "And a third."))
    assert [(turn.start_ms, turn.end_ms) for turn in turns_of(talk.lines, Parameters())] == [
        (0, 10000),
        (13100, 15000),
    ]


def test_a_murmur_inside_a_turn_neither_switches_nor_breaks_it(converse):
    talk = converse(("sam", 0, 5, "We start here."), ("bea", 5.1, 5.5, "Mm-hm."), ("sam", 6, 10, "And end there."))
    figures = interaction_of(talk)
    assert figures.switches == 0
    assert figures.longest_monologue is not None
    assert figures.longest_monologue.duration_ms == 10_000


def test_a_short_answer_that_ends_a_turn_is_a_turn(converse):
    talk = converse(("sam", 0, 5, "Does that work?"), ("bea", 5.5, 6, "Yes."), ("bea", 7, 9, "It really does."))
    assert interaction_of(talk).switches == 1


def test_talk_ratio_is_of_sentence_durations(converse):
    figures = interaction_of(converse(("sam", 0, 30, "Long."), ("sue", 30, 40, "Help."), ("bea", 40, 100, "Story.")))
    assert figures.rep_share == pytest.approx(0.3)
    assert figures.company_share == pytest.approx(0.4)
    assert figures.customer_share == pytest.approx(0.6)


def test_patience_is_the_median_of_positive_gaps_from_customer_to_seller(converse):
    talk = converse(
        ("bea", 0, 10, "What I need is this."),
        ("sam", 10.5, 12, "I see what you mean."),
        ("bea", 12.1, 20, "And one more thing."),
        ("sam", 21.5, 25, "I understand that too."),
        ("bea", 26, 30, "And the last thing of all."),
        ("sam", 29, 35, "I interrupt you here."),
    )
    figures = interaction_of(talk)
    assert figures.patience_s == pytest.approx(1.0)
    assert figures.patience_gaps == 2


def test_overlap_and_silence_are_measured_on_the_clock(converse):
    figures = interaction_of(
        converse(("sam", 0, 10, "I talk."), ("bea", 8, 12, "So do I."), ("sam", 16, 20, "Well."))
    )
    assert (figures.overlap_ms, figures.silence_ms, figures.longest_silence_ms) == (2000, 4000, 4000)


def test_without_times_shares_are_by_words_and_nothing_needs_a_clock(call):
    words = (Sentence("sam", 0, 0, "one two three"), Sentence("bea", 0, 0, "four"))
    figures = interaction_of(join(call, Transcript("1", words, level="untimed")))
    assert figures.rep_share == pytest.approx(0.75)
    assert figures.patience_s is None
    assert figures.switches_per_min is None
    assert figures.questions_per_hour is None


def test_a_filler_counts_and_a_meaningful_like_does_not(converse):
    talk = converse(("sam", 0, 60, "Um, I would like it, you know, to be, like, simple."))
    assert interaction_of(talk).speakers[0].fillers == 3


sentences = st.lists(
    st.tuples(st.sampled_from(["sam", "bea", "ghost"]), st.integers(0, 10**6), st.integers(0, 10**6)), max_size=40
)


@given(sentences)
def test_talk_time_is_always_the_sum_of_the_sentences_and_nothing_is_lost(spoken):
    parties = (Party("1", "Sam", "internal", speaker_id="sam"), Party("2", "Bea", "external", speaker_id="bea"))
    call = Call("1", "t", datetime(2017, 1, 1, tzinfo=UTC), 60, parties)
    words = tuple(Sentence(who, a, b, "some words here") for who, a, b in spoken)
    figures = interaction_of(join(call, Transcript("1", words)))
    expected: Counter[str] = Counter()
    for who, a, b in spoken:
        expected[who] += abs(b - a)
    assert {part.speaker.id: part.talk_ms for part in figures.speakers} == dict(expected)
    assert sum(part.share for part in figures.speakers) == pytest.approx(1.0) or figures.talk_ms == 0
    assert figures.silence_ms <= figures.span_ms


@pytest.mark.skipif(not MEETINGS, reason="no real meetings beside the repository")
@pytest.mark.parametrize("path", MEETINGS[:4], ids=lambda path: path.stem)
def test_on_real_meetings_talk_time_equals_the_sentence_times(path: Path):
    blocks = json.loads(path.read_text())["transcript"]["transcript"]
    words = tuple(
        Sentence(block["speakerId"], s["start"], s["end"], s["text"]) for block in blocks for s in block["sentences"]
    )
    figures = interaction_of(join(Call("1", "m", datetime(2001, 1, 1, tzinfo=UTC), 0), Transcript("1", words)))
    expected: Counter[str] = Counter()
    for sentence in words:
        expected[sentence.speaker_id] += abs(sentence.end_ms - sentence.start_ms)
    assert {part.speaker.id: part.talk_ms for part in figures.speakers} == dict(expected)
