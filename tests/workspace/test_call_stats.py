"""Who spoke how much, against figures worked out by hand."""

from tests.workspace.callers import gong_pair
from workspace.gong.call import Call, read_call
from workspace.gong.stats import call_stats, turns


def _call(*spoken: tuple[str, int, int, str]) -> Call:
    pair = gong_pair()
    pair["transcript"]["transcript"] = [
        {"speakerId": who, "sentences": [{"start": start, "end": end, "text": text}]}
        for who, start, end, text in spoken
    ]
    return read_call(pair["call"], pair["transcript"])


REP, BUYER = "501", "502"


def test_talk_time_is_the_sum_of_sentence_times() -> None:
    stats = call_stats(
        _call((REP, 0, 2000, "What is it?"), (BUYER, 2500, 5500, "A long story."), (REP, 6000, 7000, "I see."))
    )
    assert {s.speaker_id: s.talk_s for s in stats.speakers} == {REP: 3.0, BUYER: 3.0}
    assert stats.talk_ratio == 0.5
    assert (stats.company_questions, stats.customer_questions) == (1, 0)
    assert stats.questions_per_hour == 60.0
    assert stats.patience_s == 0.5
    assert stats.switches_per_min == 2.0


def test_a_short_sound_inside_a_story_does_not_end_it() -> None:
    call = _call((BUYER, 0, 9000, "A long story."), (REP, 4000, 4400, "Mm-hm."), (BUYER, 9200, 12000, "And more."))
    assert [(turn.speaker_id, turn.length_s) for turn in turns(call.sentences or ())] == [(BUYER, 12.0)]
    assert call_stats(call).longest_customer_story_s == 12.0
    assert call_stats(call).switches_per_min == 0.0


def test_a_real_interruption_ends_the_story() -> None:
    call = _call((BUYER, 0, 9000, "A long story."), (REP, 4000, 6000, "Sorry, may I ask what that costs?"))
    assert [turn.speaker_id for turn in turns(call.sentences or ())] == [BUYER, REP]
    assert call_stats(call).patience_s is None


def test_reversed_times_count_as_nothing() -> None:
    stats = call_stats(_call((REP, 5000, 4000, "Odd.")))
    assert stats.speakers[0].talk_s == 0.0
    assert stats.talk_ratio is None


def test_a_call_without_words_has_no_ratios() -> None:
    pair = gong_pair()
    stats = call_stats(read_call(pair["call"], None))
    assert (stats.speakers, stats.talk_ratio, stats.longest_monologue_s) == ((), None, None)
