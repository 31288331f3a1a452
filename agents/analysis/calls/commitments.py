"""Which sentences may be a promise to do something, ranked: a trained guess, shown as nothing more.

People who mark promises in meetings agree little on them, and so does any program with them. So every sentence that
could be one comes back with a confidence, most likely first; `likely` are those that the model, trained on recorded
meetings, would call one (its card in `models/README.md` says how often it is right).
"""

from dataclasses import dataclass

from agents.analysis.calls.commitment_features import may_promise, promise_phrases, promise_words
from agents.analysis.calls.conversation import Conversation, Line, is_english, once
from agents.analysis.calls.sentence_model import load_model, probability

__all__ = ["Commitment", "commitments_in"]

_MODEL = "commitments"


@dataclass(frozen=True, slots=True)
class Commitment:
    """One candidate. `confidence` is the share of meeting sentences scored like this that somebody marked a promise."""

    line: Line
    confidence: float
    likely: bool


@once
def commitments_in(conversation: Conversation) -> tuple[Commitment, ...]:
    """Every sentence that could be a promise, most likely first; none where the call is not in English."""
    if not is_english(conversation.call):
        return ()
    model = load_model(_MODEL)
    found: list[tuple[float, Line]] = []
    for line in conversation.lines:
        words = promise_words(line.text)
        if may_promise(words):
            found.append((model.words_score(promise_phrases(words)), line))
    ranked = sorted(found, key=lambda pair: (-pair[0], pair[1].number))
    return tuple(Commitment(line, round(probability(score), 3), score >= model.threshold) for score, line in ranked)
