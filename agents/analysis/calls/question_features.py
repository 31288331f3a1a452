"""What a question sounds like without its mark: its words, and what is said around it.

Punctuation and case are taken off first, apostrophes too, so a transcript that has them scores as one that has none.
Two views: `phrases` of one sentence (what a question begins and ends with, a verb before its subject), and
`surroundings` of it: who speaks before and after, after what pause, how long, and whether that sounds like an answer.
"""

import itertools
import re
from collections.abc import Iterator, Sequence

from agents.analysis.calls.conversation import Line

__all__ = ["REACH", "phrases", "spoken_words", "surroundings"]

_DROPPED = re.compile(r"['’_]")
_WORD = re.compile(r"[a-z0-9]+")
_FILLERS_WORDS = """
    well so and uh um oh ok okay but yeah yes no right like mmm hmm mhm uhhuh huh now then see ah eh hm mmhmm
    alright actually
"""
_ASKING_WORDS = "what whats why how hows who whos where wheres when which whose whom"
_AUXILIARY_WORDS = """
    is are was were do does did have has had can could will would should may might shall am isnt arent wasnt
    werent dont doesnt didnt havent hasnt hadnt cant couldnt wont wouldnt shouldnt
"""
_SUBJECT_WORDS = "i you we he she it they that this these those there"
_FILLERS = frozenset(_FILLERS_WORDS.split())
_ASKING = frozenset(_ASKING_WORDS.split())
_AUXILIARY = frozenset(_AUXILIARY_WORDS.split())
_SUBJECT = frozenset(_SUBJECT_WORDS.split())
_REPLIES = (
    frozenset(["yeah", "yes", "yep", "right", "sure", "uhhuh", "mmhmm", "exactly", "correct", "true"]),
    frozenset(["no", "nope", "nah"]),
    frozenset(["ok", "okay", "oh"]),
    frozenset(["um", "uh", "well"]),
    frozenset(["i", "we"]),
    frozenset(["it", "its", "that", "thats"]),
    frozenset(["so", "and", "but"]),
    _ASKING | _AUXILIARY,
)
"""First words by what a reply that begins with them does: agrees, denies, takes notice, hesitates, and so on."""
REACH = 12
"""How many lines before and after a sentence are looked at, at most."""
_NEAR, _WINDOW_MS = 8, 6000
_LONG_REPLY_WORDS = 4
_NOBODY = 1e6
"""Stands for a neighbour that is not there."""


def spoken_words(text: str) -> list[str]:
    """The words alone: lower case, no marks."""
    return _WORD.findall(_DROPPED.sub("", text.lower()))


def phrases(words: Sequence[str]) -> list[str]:
    """The features of one sentence by itself."""
    marked = ["^", *words, "$"]
    found = list(words)
    found += [f"{one} {two}" for one, two in itertools.pairwise(marked)]
    found += [f"{one} {two} {three}" for one, two, three in zip(marked, marked[1:], marked[2:], strict=False)]
    core = _without_lead(words)
    for length in range(1, min(4, len(core)) + 1):
        found.append("<" + " ".join(core[:length]))
        found.append(">" + " ".join(core[-length:]))
    classes = "".join([_class(word) for word in core])
    found += ["[" + classes[:4], "[" + classes[:2], "]" + classes[-3:]]
    if len(core) > 1:
        found.append(f"{core[0]}_{core[-1]}")
    found += [f"#{_length_class(len(words))}", f"##{_length_class(len(core))}"]
    return found + _inversions(classes)


def surroundings(
    lines: Sequence[Line], words: Sequence[Sequence[str]], scores: Sequence[float], at: int
) -> list[float]:
    """One sentence and its neighbours as numbers; `scores` are those of the words of each line."""
    line, spoken = lines[at], len(words[at])
    row = [scores[at], spoken, line.duration_ms, line.duration_ms / max(1, spoken)]
    for other in (at - 1, at + 1, at + 2):
        if not 0 <= other < len(lines):
            row += [_NOBODY] * 5
            continue
        gap = lines[other].start_ms - line.end_ms if other > at else line.start_ms - lines[other].end_ms
        same = float(lines[other].speaker.id == line.speaker.id)
        row += [same, gap, len(words[other]), scores[other], _reply(words[other])]
    for other in (
        _near(lines, at, 1, _NEAR, own=False),
        next((i for i in _others(lines, at, REACH) if len(words[i]) >= _LONG_REPLY_WORDS), None),
        _near(lines, at, 1, REACH, own=True),
        _near(lines, at, -1, _NEAR, own=False),
        _near(lines, at, -1, REACH, own=True),
    ):
        if other is None:
            row += [_NOBODY] * 5
            continue
        gap = lines[other].start_ms - line.end_ms if other > at else line.start_ms - lines[other].end_ms
        row += [gap, len(words[other]), scores[other], _reply(words[other]), abs(other - at)]
    return row + _said_around(lines, words, at)


def _without_lead(words: Sequence[str]) -> Sequence[str]:
    first = 0
    while first < len(words) - 1 and words[first] in _FILLERS:
        first += 1
    return words[first:]


def _class(word: str) -> str:
    if word in _ASKING:
        return "W"
    if word in _AUXILIARY:
        return "A"
    if word in _SUBJECT:
        return "S"
    return "F" if word in _FILLERS else "o"


def _length_class(count: int) -> int:
    return count if count < 8 else 8 + min(4, (count - 8) // 4)


def _inversions(classes: str) -> list[str]:
    """A verb before its subject, a question word, and where."""
    found: list[str] = []
    at = classes.find("AS")
    if at >= 0:
        found += ["AS", f"AS{min(at, 5)}"]
    if "W" in classes:
        found.append("WA" if "WA" in classes else "W")
    return found


def _reply(words: Sequence[str]) -> float:
    if not words:
        return 0.0
    return next((float(i) for i, kind in enumerate(_REPLIES, start=1) if words[0] in kind), 9.0)


def _near(lines: Sequence[Line], at: int, step: int, reach: int, *, own: bool) -> int | None:
    """The nearest line of the same speaker, or of another."""
    speaker = lines[at].speaker.id
    last = min(len(lines), at + reach + 1) if step > 0 else max(-1, at - reach - 1)
    for other in range(at + step, last, step):
        if (lines[other].speaker.id == speaker) is own:
            return other
    return None


def _others(lines: Sequence[Line], at: int, reach: int) -> Iterator[int]:
    speaker = lines[at].speaker.id
    return (i for i in range(at + 1, min(len(lines), at + reach + 1)) if lines[i].speaker.id != speaker)


def _said_around(lines: Sequence[Line], words: Sequence[Sequence[str]], at: int) -> list[float]:
    """Words by the same speaker and by others, in the seconds after and before."""
    line = lines[at]
    counts = [0, 0, 0, 0]
    for other in range(at + 1, min(len(lines), at + REACH)):
        if lines[other].start_ms > line.end_ms + _WINDOW_MS:
            break
        counts[lines[other].speaker.id != line.speaker.id] += len(words[other])
    for other in range(at - 1, max(-1, at - REACH), -1):
        if lines[other].end_ms < line.start_ms - _WINDOW_MS:
            break
        counts[2 + (lines[other].speaker.id != line.speaker.id)] += len(words[other])
    return [float(count) for count in counts]
