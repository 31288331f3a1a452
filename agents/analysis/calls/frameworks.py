"""How far a conversation covers MEDDICC, SPICED or BANT: quotes per letter, never a score without one.

Three states and no more. `evidence`: the customer said something that a cue phrase marks, in a sentence that asks
nothing, with a figure or a date where the letter needs one. `mentioned`: a cue phrase occurred, but not so. `none
found`: no phrase of the list occurred, which says nothing about what was covered in other words.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from agents.analysis.calls.conversation import Conversation, Line
from agents.analysis.calls.due_dates import due_in
from agents.analysis.calls.interaction import questions_in
from agents.analysis.calls.phrases import Phrases

__all__ = ["Coverage", "Element", "Status", "cover"]

Status = Literal["none found", "mentioned", "evidence"]

_FIGURE = re.compile(
    r"\d|%|\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|"
    r"hundred|thousand|million|half|double|twice|dozen|percent)\b",
    re.IGNORECASE,
)
_MIN_WORDS = 4
"""A shorter sentence proves nothing."""


@dataclass(frozen=True, slots=True)
class Element:
    """One letter of a framework: the phrases that count as evidence or as a mention, and what to ask where it lacks."""

    id: str
    name: str
    ask: str
    evidence: tuple[str, ...]
    mention: tuple[str, ...] = ()
    needs: Literal["figure", "date"] | None = None
    never: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was found for one letter. `lines` are evidence where there is any, else mentions, in order of time."""

    element: Element
    status: Status
    lines: tuple[Line, ...]


def cover(
    conversation: Conversation, elements: Sequence[Element], also: Mapping[str, Sequence[Line]] | None = None
) -> tuple[Coverage, ...]:
    """The coverage of each element, in the order given.

    `also` are sentences that another analysis found for an element, by its id, such as those that name a rival.
    """
    index: Phrases[tuple[str, bool]] = Phrases()
    for element in elements:
        index.add((element.id, True), element.evidence, related_forms=True)
        index.add((element.id, False), element.mention, related_forms=True)
    by_id = {element.id: element for element in elements}
    asking = frozenset(line.number for line, _ in questions_in(conversation))
    spoken_on = conversation.call.started.date()
    proof: dict[str, list[Line]] = {element.id: [] for element in elements}
    mentions: dict[str, list[Line]] = {element.id: [] for element in elements}
    for line in conversation.lines:
        if line.words < _MIN_WORDS:
            continue
        for id_, strong in _met(index, line).items():
            if any(phrase in line.text.lower() for phrase in by_id[id_].never):
                continue
            proves = strong and line.speaker.side == "external" and line.number not in asking
            if proves and _has(line.text, by_id[id_].needs, spoken_on):
                proof[id_].append(line)
            elif not strong or by_id[id_].needs is None:  # "by" without a date mentions no deadline
                mentions[id_].append(line)
    for id_, lines in (also or {}).items():
        for line in lines:
            kept = proof if line.speaker.side == "external" and line.number not in asking else mentions
            kept.setdefault(id_, []).append(line)
    return tuple(_coverage(element, proof[element.id], mentions[element.id]) for element in elements)


def _met(index: Phrases[tuple[str, bool]], line: Line) -> Mapping[str, bool]:
    """The elements that a sentence speaks of, and whether with a phrase that can be evidence."""
    found: dict[str, bool] = {}
    for met in index.met_in(line.text):
        id_, strong = met.owner
        found[id_] = found.get(id_, False) or strong
    return found


def _has(text: str, needed: Literal["figure", "date"] | None, spoken_on: date) -> bool:
    match needed:
        case None:
            return True
        case "figure":
            return _FIGURE.search(text) is not None
        case "date":
            return due_in(text, spoken_on) is not None


def _coverage(element: Element, proof: Sequence[Line], mentions: Sequence[Line]) -> Coverage:
    status: Status = "evidence" if proof else "mentioned" if mentions else "none found"
    lines = {line.number: line for line in proof or mentions}
    return Coverage(element, status, tuple(lines[number] for number in sorted(lines)))
