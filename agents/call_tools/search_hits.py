"""Which hits of a search are an answer, in what words they are quoted, and what is said of words that nobody uses.

"What did Dana say about the price?" wants Dana's words; those of others are told only where she says nothing of it.
Words between quotation marks stand as they are in every passage shown. A question is quoted with its reply.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from agents.analysis.calls.conversation import Conversation, Line
from agents.analysis.calls.query import Query, read_query
from agents.analysis.calls.retrieval import Hit, Index
from agents.analysis.calls.words import plain_words, stem, terms
from agents.analysis.periods import points
from agents.call_tools.evidence import said
from agents.sources import CallScope, Found, Passage, Side

__all__ = ["Answer", "answer", "best_lines", "matched_words", "quoted_lines", "subject"]

_HITS = 8
_TAIL = 0.5
"""Passages that score under this part of the best one, or hold under this part of what it holds, are left out."""
_RESEMBLES = 75
_QUOTED = re.compile(r"[“\"]([^“”\"]+)[”\"]")
_REPLY_LINES = 2

_Where = Callable[[Passage], bool]
_WORD = re.compile(r"[^\W_]+")
_ASKS_WHAT_THEY_SAY = re.compile(r"\b(?:did|does|has|had)\s+\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """The passages to show, best first, and what a reader must know of how they were found.

    `by_others` says that those who are named say nothing of it. `instead` are words in use that resemble those nobody
    uses, where nothing was found.
    """

    hits: Sequence[Hit[Passage]]
    by_others: str | None = None
    notes: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()


def subject(text: str, scope: CallScope, as_of: date) -> str:
    """A request without what only says which calls are meant: the account, the seller, the days of the scope.

    A seller stays where their words are asked for. Where nothing would be left, nothing is taken away.
    """
    taken = [(it.start, it.end) for it in points(text, as_of)] if scope.from_date or scope.to_date else []
    account, rep = plain_words(scope.account or ""), plain_words(scope.rep or "")
    expected = 0
    for word in _WORD.finditer(text):
        plain = word.group().lower()
        expected = expected + 1 if account[expected : expected + 1] == [plain] else int(account[:1] == [plain])
        of_rep = plain in rep and not _ASKS_WHAT_THEY_SAY.search(text[: word.start()])
        if expected or of_rep:
            taken.append(word.span())
    rest = list(text)
    for start, end in taken:
        rest[start:end] = " " * (end - start)
    kept = "".join(rest)
    return text if read_query(kept).empty else kept


def answer(index: Index[Passage], found: Found, text: str, side: Side | None) -> Answer:
    """The best passages for a request among the candidates; with a side only what that side said."""
    asked = index.read(text)
    exact = [plain_words(phrase) for phrase in _QUOTED.findall(text)]

    def allowed(passage: Passage) -> bool:
        return side in (None, passage.side) and all(_stands(phrase, passage.text) for phrase in exact)

    hits, by_others = _by_those_meant(index, asked, allowed)
    unknown = [term for term in asked.weights if not found.having.get(term)]
    notes = tuple(_not_said(asked.words[term], index.similar(term)) for term in unknown if hits)
    instead = [word for term in unknown for word in index.similar(term, _RESEMBLES)] if not hits else []
    return Answer(hits, by_others, notes, tuple(dict.fromkeys(instead)))


def _by_those_meant(
    index: Index[Passage], asked: Query, allowed: _Where
) -> tuple[Sequence[Hit[Passage]], str | None]:
    """What the people who are named say of it, or what others do and a sentence that those say nothing."""
    if not asked.weights:
        return index.search(asked, _HITS, allowed), None
    if asked.speakers and (
        theirs := _worth_showing(index.search(asked, _HITS, lambda it: it.speaker in asked.speakers and allowed(it)))
    ):
        return theirs, None
    hits = _worth_showing(index.search(asked, _HITS, allowed))
    if not asked.speakers or not hits:
        return hits, None
    what = " or ".join(f"“{word}”" for word in asked.words.values())
    return hits, f"No passage with {what} by {' or '.join(sorted(asked.speakers))} was found; these are by others."


def _worth_showing(hits: Sequence[Hit[Passage]]) -> Sequence[Hit[Passage]]:
    """Without the tail, which shares a word with the query and nothing else."""
    holding = [hit for hit in hits if hit.matched]
    score = max((hit.score for hit in holding), default=0.0)
    share = max((hit.share for hit in holding), default=0.0)
    return [hit for hit in holding if hit.score >= _TAIL * score and hit.share >= _TAIL * share]


def _stands(phrase: Sequence[str], text: str) -> bool:
    """Whether words stand in a text one after the other."""
    return f" {' '.join(phrase)} " in f" {' '.join(plain_words(text))} "


def _not_said(word: str, similar: Sequence[str]) -> str:
    if similar:
        return f"Nobody says “{word}”; “{'”, “'.join(similar)}” was searched instead."
    return f"Nobody says “{word}”."


def best_lines(talk: Conversation, hit: Hit[Passage]) -> list[Line]:
    """The sentence of the turn with most of the query and its successor; after a question, the reply to it."""
    wanted, turn = set(hit.matched), hit.document
    spoken = talk.lines[turn.first : turn.last + 1]
    lines = [line for line in spoken if line.speaker.id == spoken[0].speaker.id]
    best = max(range(len(lines)), key=lambda at: (len(wanted & set(terms(lines[at].text))), -at), default=0)
    chosen = lines[best : best + 2]
    if chosen and chosen[-1].text.rstrip().endswith("?"):
        chosen += _reply(talk.lines[turn.last + 1 :])
    return chosen


def _reply(after: Sequence[Line]) -> Sequence[Line]:
    """What the next speaker says, up to two sentences."""
    others = next((at for at, line in enumerate(after) if line.speaker.id != after[0].speaker.id), len(after))
    return after[: min(others, _REPLY_LINES)]


def quoted_lines(talk: Conversation, lines: Sequence[Line]) -> str:
    """References and quotes, one for each who speaks."""
    turns: list[list[Line]] = []
    for line in lines:
        if turns and turns[-1][0].speaker.id == line.speaker.id:
            turns[-1].append(line)
        else:
            turns.append([line])
    return " · ".join(said(talk, turn) for turn in turns)


def matched_words(hit: Hit[Passage]) -> list[str]:
    """The words of the query that a passage holds, as they are said there."""
    return list(dict.fromkeys(word for word in plain_words(hit.document.text) if stem(word) in hit.matched))
