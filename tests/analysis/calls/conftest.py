"""Conversations written by hand: `(who, from second, to second, words)`; Sam and Sue sell, Bea and Ben buy."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from agents.analysis.calls.conversation import Conversation, join
from agents.sources import Call, Party, Sentence, Transcript

Spoken = tuple[str, float, float, str]

PARTIES = (
    Party("p1", "Sam Seller", "internal", "Account Executive", speaker_id="sam", user_id="u1"),
    Party("p2", "Sue Engineer", "internal", speaker_id="sue"),
    Party("p3", "Bea Buyer", "external", "VP Operations", speaker_id="bea"),
    Party("p4", "Ben Boss", "external", speaker_id="ben"),
)


@pytest.fixture
def call() -> Call:
    started = datetime(2017, 10, 4, 15, 0, tzinfo=UTC)  # a Wednesday
    return Call("1", "Acme discovery", started, 600, PARTIES, account="Acme", owner="Sam Seller", synthetic=True)


@pytest.fixture
def converse(call: Call) -> Callable[..., Conversation]:
    """Joins sentences to the call."""

    def build(*spoken: Spoken, of: Call = call) -> Conversation:
        sentences = tuple(Sentence(who, round(a * 1000), round(b * 1000), text) for who, a, b, text in spoken)
        return join(of, Transcript(of.id, sentences))

    return build
