"""Does search find what a question is about: QMSum, whose annotators marked for each question where a meeting answers it.

One line of a file is one meeting. Each of its turns (`meeting_transcripts`: speaker and content, as given) is a passage
of the product's own `Index`; each of its specific questions is searched as it is written. A question is found at k when
one of the first k passages lies within a marked span (inclusive); the reciprocal rank is that of the first passage
that does, over all passages listed, and 0 where none is. Questions without a span are left out, and counted.

Beside each figure stands plain Okapi BM25 over the same turns: words in lower case, speaker and content, k1 1.5,
b 0.75, no stop words, no stemming, no neighbours.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.analysis.calls.retrieval import Index
from benchmarks.quality.row import NoData, Quality, Row, above

__all__ = ["Meeting", "Question", "measure", "meetings"]

VALIDATION = Path(__file__).parents[2] / "../shared/data/qmsum/val.jsonl"
HIT_GOAL = 0.75
RANK_GOAL = 0.60
_K1 = 1.5
_B = 0.75
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and the numbers of the turns that answer it."""

    text: str
    answered_in: frozenset[int]


@dataclass(frozen=True, slots=True)
class Meeting:
    """Its turns (speaker, content), its questions, and how many had no span."""

    turns: tuple[tuple[str, str], ...]
    questions: tuple[Question, ...]
    without_span: int


def measure(data: Path | None) -> Quality:
    """Search every meeting for every question. Raises NoData where there is no file or no question in it."""
    file = VALIDATION if data is None else data
    given = meetings(file)
    ours = [rank for meeting in given for rank in _ranks(meeting, _searched(meeting))]
    plain = [rank for meeting in given for rank in _ranks(meeting, _plain_bm25(meeting))]
    if not ours:
        raise NoData(f"No question with a marked span in {file.name}. Give a QMSum .jsonl with --data.")
    split = "validation split, " if data is None else f"{file.name}, "
    turns = sum(len(meeting.turns) for meeting in given)
    left_out = sum(meeting.without_span for meeting in given)
    notes = [
        "A hit at k: one of the first k turns lies within a span that the annotators marked for the question.",
        "The constants of the ranking were chosen by hand on the validation split; no weights were trained.",
    ]
    if left_out:
        notes.append(f"Questions left out: {left_out}, without a marked span.")
    return Quality(
        about="Where in a meeting is what a question asks about: search with citations",
        data=f"QMSum (MIT), {split}{len(given)} meetings, {turns:,} turns",
        rows=(
            *(_hits_row(k, ours, plain) for k in (1, 5, 10)),
            Row("MRR", _reciprocal(ours), len(ours), "questions", above(RANK_GOAL), _reciprocal(plain), "plain BM25"),
        ),
        notes=tuple(notes),
    )


def meetings(file: Path) -> list[Meeting]:
    """The meetings of a QMSum file. Raises NoData where there is none."""
    if not file.is_file():
        raise NoData("Looked for the QMSum validation file and found none. Give a QMSum .jsonl with --data.")
    with file.open(encoding="utf-8") as lines:
        return [_meeting(json.loads(line)) for line in lines if line.strip()]


def _meeting(given: Mapping[str, Any]) -> Meeting:
    turns = tuple((str(turn["speaker"]), str(turn["content"])) for turn in given["meeting_transcripts"])
    asked = [Question(str(it["query"]), _within(it["relevant_text_span"])) for it in given["specific_query_list"]]
    answerable = tuple(question for question in asked if question.answered_in)
    return Meeting(turns, answerable, len(asked) - len(answerable))


def _within(spans: Iterable[Sequence[str]]) -> frozenset[int]:
    return frozenset(turn for first, last in spans for turn in range(int(first), int(last) + 1))


def _ranks(meeting: Meeting, search: Callable[[str], Sequence[int]]) -> list[int | None]:
    """For each question the rank of the first turn that answers it, from 1; None where no such turn is listed."""
    return [
        next((rank for rank, turn in enumerate(search(asked.text), 1) if turn in asked.answered_in), None)
        for asked in meeting.questions
    ]


def _searched(meeting: Meeting) -> Callable[[str], Sequence[int]]:
    """The product's search over the turns of one meeting."""
    index: Index[int] = Index()
    for number, (speaker, content) in enumerate(meeting.turns):
        index.add(number, content, source="meeting", speaker=speaker)
    return lambda query: [hit.document for hit in index.search(query, limit=len(meeting.turns))]


def _plain_bm25(meeting: Meeting) -> Callable[[str], Sequence[int]]:
    """The textbook's search over the same turns."""
    counted = [Counter(_WORD.findall(f"{speaker} {content}".lower())) for speaker, content in meeting.turns]
    lengths = [sum(counts.values()) for counts in counted]
    average = sum(lengths) / max(1, len(lengths))
    having = Counter(word for counts in counted for word in counts)

    def search(query: str) -> Sequence[int]:
        scores = [0.0] * len(counted)
        for word in _WORD.findall(query.lower()):
            rarity = math.log(1 + (len(counted) - having[word] + 0.5) / (having[word] + 0.5))
            for number, counts in enumerate(counted):
                if times := counts[word]:
                    norm = times + _K1 * (1 - _B + _B * lengths[number] / average)
                    scores[number] += rarity * times * (_K1 + 1) / norm
        return [number for number in sorted(range(len(scores)), key=lambda it: (-scores[it], it)) if scores[number]]

    return search


def _hits_row(k: int, ours: Sequence[int | None], plain: Sequence[int | None]) -> Row:
    goal = above(HIT_GOAL) if k == 5 else None
    return Row(f"hit@{k}", _hits(k, ours), len(ours), "questions", goal, _hits(k, plain), "plain BM25")


def _hits(k: int, ranks: Sequence[int | None]) -> float:
    return sum(1 for rank in ranks if rank is not None and rank <= k) / len(ranks)


def _reciprocal(ranks: Sequence[int | None]) -> float:
    return sum(1 / rank for rank in ranks if rank is not None) / len(ranks)
