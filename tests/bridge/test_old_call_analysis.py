"""What is told under the name of the old analysis tool means what the old tool means, on any call that agents may read."""

from dataclasses import dataclass
from typing import Any, cast, get_args

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.analysis.calls.conversation import join
from agents.call_tools.call_statistics import observe_statistics
from agents.call_tools.material import Material
from server.bridge.existing_routes import EXISTING_ROUTES
from server.bridge.old_call_analysis import basic_analysis
from server.config.names import ExistingToolId
from server.downstream.adapters.gong import read_call, read_transcript
from workspace.gong.analysis import analyse_call
from workspace.gong.call import Call
from workspace.gong.call import read_call as read_old
from workspace.gong.library import Library

SPEAKERS = ("1", "2", "3", "4")
NAMES = ("Ann", "Bo", "Ann")
"""Two people of one name; the fourth speaker is in no party list."""
TEXTS = (
    "Right?",
    "Tell me about it.",
    "Mm-hm.",
    "It's 5.000 $ a go-to-market plan.",
    "Why? Because.",
    "How so?",
    "Yeah, okay then.",
)


def gong(
    sides: list[str | None], said: list[tuple[str, int, int, str]], duration: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A call and its transcript as Gong gives them."""
    parties = [
        {"id": f"p{number}", "name": NAMES[number], "speakerId": SPEAKERS[number], "affiliation": side}
        for number, side in enumerate(sides)
    ]
    at, monologues = 0, []
    for speaker, pause, length, text in said:
        at = max(0, at + pause)
        sentence = {"start": at, "end": at + length, "text": text}
        monologues.append({"speakerId": speaker, "topic": None, "sentences": [sentence]})
        at += length
    meta = {"id": "77", "title": "A call", "started": "2017-10-24T00:30:00Z", "duration": duration}
    return {"metaData": meta, "parties": parties}, {"callId": "77", "transcript": monologues}


@dataclass
class One:
    """A library of one call."""

    found: Call

    def call(self, _: str) -> Call:
        return self.found


def told_by_the_agent(data: dict[str, Any], words: dict[str, Any]) -> dict[str, Any]:
    call, transcript = read_call(data), read_transcript(words)
    talk = join(call, transcript)
    seen = anyio.run(observe_statistics, Material((call,), (talk,), (), (), None))
    return basic_analysis(call, transcript, cast("Any", seen.data).calls[0])


@settings(max_examples=60, deadline=None)
@given(
    sides=st.lists(st.sampled_from(["Internal", "External", "Unknown", None]), min_size=1, max_size=3),
    said=st.lists(
        st.tuples(
            st.sampled_from(SPEAKERS), st.integers(-1_500, 4_000), st.integers(1, 9_000), st.sampled_from(TEXTS)
        ),
        min_size=1,
        max_size=20,
    ),
    duration=st.integers(0, 4_000),
)
def test_figures_under_the_old_name_are_the_old_tools_figures(
    sides: list[str | None], said: list[tuple[str, int, int, str]], duration: int
) -> None:
    data, words = gong(sides, said, duration)
    library = cast("Library", One(read_old(data, words)))
    expected = analyse_call(library, {"call_id": "77", "analysis_type": "basic"})
    assert told_by_the_agent(data, words) == expected


def test_every_tool_that_may_be_configured_has_a_route() -> None:
    assert set(EXISTING_ROUTES) == set(get_args(ExistingToolId))
