"""The product and the plain second computation agree on any conversation, not only on the recorded ones."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.analysis.calls.conversation import join
from agents.analysis.calls.interaction import interaction_of
from benchmarks.quality.interaction import plain
from server.downstream.adapters.gong import read_call, read_transcript

PARTIES = [
    {"id": who, "name": who, "speakerId": who, "affiliation": side}
    for who, side in (("sam", "Internal"), ("sue", "Internal"), ("bea", "External"))
]
TEXTS = ("yes .", "okay so that is what we need", "and when ?", "==", "right")
spoken = st.lists(
    st.tuples(
        st.sampled_from(["sam", "sue", "bea"]), st.integers(0, 20_000), st.integers(1, 4_000), st.sampled_from(TEXTS)
    ),
    min_size=2,
    max_size=30,
)


@settings(deadline=None)
@given(spoken)
def test_two_computations_of_one_conversation_agree_to_the_millisecond(sentences) -> None:
    given = {
        "call": {"metaData": {"id": "1", "started": "2017-01-02T10:00:00Z"}, "parties": PARTIES},
        "transcript": {
            "callId": "1",
            "transcript": [
                {"speakerId": who, "sentences": [{"start": start, "end": start + length, "text": text}]}
                for who, start, length, text in sentences
            ],
        },
    }
    ours = interaction_of(join(read_call(given["call"]), read_transcript(given["transcript"])))
    theirs = plain(given)
    assert {part.speaker.id: part.talk_ms for part in ours.speakers} == theirs.talk_ms
    assert (ours.longest_monologue.duration_ms if ours.longest_monologue else 0) == theirs.monologue_ms
    assert (ours.longest_story.duration_ms if ours.longest_story else 0) == theirs.story_ms
    assert ours.switches == theirs.switches
    assert (ours.patience_s or 0) * 1000 == pytest.approx(theirs.patience_ms)
    assert (ours.overlap_ms, ours.silence_ms) == (theirs.overlap_ms, theirs.silence_ms)
