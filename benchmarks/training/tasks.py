"""What the two models learn from: each judged sentence of a meeting with the product's own features, and its label."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agents.analysis.calls.commitment_features import may_promise, promise_phrases, promise_words
from agents.analysis.calls.question_features import phrases, spoken_words, surroundings
from benchmarks.quality.icsi import Meeting

__all__ = ["COMMITMENT_TAGS", "QUESTION_TAGS", "Sentences", "commitment_sentences", "question_sentences"]

QUESTION_TAGS = frozenset({"qy", "qw", "qr", "qrr", "qo", "qh"})
COMMITMENT_TAGS = frozenset({"cc"})


@dataclass(frozen=True, slots=True)
class Sentences:
    """All lines of one meeting. `samples` holds None for what is ruled out before any score, `labels` None for what
    nobody judged; `row_at` gives the numbers of a line in its place from the scores of all lines."""

    samples: tuple[tuple[str, ...] | None, ...]
    labels: tuple[bool | None, ...]
    row_at: Callable[[Sequence[float], int], list[float]] | None
    trust: float = 1.0


def question_sentences(meeting: Meeting) -> Sentences:
    """Every line is a candidate, and its neighbours count."""
    lines = meeting.conversation.lines
    words = [spoken_words(line.text) for line in lines]

    def row_at(scores: Sequence[float], at: int) -> list[float]:
        return surroundings(lines, words, scores, at)

    return Sentences(tuple(tuple(phrases(spoken)) for spoken in words), _labels(meeting, QUESTION_TAGS), row_at)


def commitment_sentences(meeting: Meeting) -> Sentences:
    """Only lines that may promise. Annotators differ in whether they mark promises at all, so a meeting with hardly
    any says little about its other lines and is trusted less."""
    words = [promise_words(line.text) for line in meeting.conversation.lines]
    labels = _labels(meeting, COMMITMENT_TAGS)
    marked = labels.count(True)
    trust = 1.0 if marked >= 4 else 0.5 if marked >= 2 else 0.2
    samples = tuple(tuple(promise_phrases(spoken)) if may_promise(spoken) else None for spoken in words)
    return Sentences(samples, labels, None, trust)


def _labels(meeting: Meeting, wanted: frozenset[str]) -> tuple[bool | None, ...]:
    numbers = range(len(meeting.conversation.lines))
    return tuple(bool(meeting.tags[number] & wanted) if number in meeting.tags else None for number in numbers)
