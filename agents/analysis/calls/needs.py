"""What a pattern cannot match without: the letters that must stand in a sentence, read off the pattern itself.

A cue list holds hundreds of expressions, and most sentences contain the words of none. So before a long conversation
is searched the words of each pattern are looked up in the words of the conversation (`word_index`), and only
sentences that hold them are searched. Nobody keeps that list of words by hand: `needs_of` derives it from the
pattern, and leaves out whatever it is not sure of, so that no match is ever lost.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

__all__ = ["AllOf", "AnyOf", "Need", "needs_of"]

_MIN_LETTERS = 2
"""Fewer letters stand in too many words to tell anything."""
_MOST_LETTERS = 10
"""A class of more letters than this tells as little."""


@dataclass(frozen=True, slots=True)
class AllOf:
    """All of these must stand in a sentence."""

    parts: "tuple[Need, ...]"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of these must stand in a sentence."""

    parts: "tuple[Need, ...]"


Need = str | AllOf | AnyOf
"""A string is a row of small letters, digits and apostrophes within one word."""


def needs_of(pattern: re.Pattern[str]) -> Need | None:
    """What every match of a pattern contains, upper and lower case alike; None where nothing is certain."""
    return _of_sequence(_parsed(pattern), "")


def _parsed(pattern: re.Pattern[str]) -> Sequence[Any]:
    """The pattern as Python's own parser reads it: pairs of an operation and its operands."""
    return import_module("re._parser").parse(pattern.pattern, pattern.flags)


def _of_sequence(nodes: Sequence[Any], letters: str) -> Need | None:
    """What a row of nodes needs; `letters` stand directly before it."""
    parts: list[Need | None] = []
    for operation, operands in nodes:
        choice = _letters(str(operation), operands)
        if len(choice) == 1:
            letters += choice.pop()
            continue
        if choice:
            parts.append(_any_of([_word(letters + letter) for letter in sorted(choice)]))
            letters = ""
            continue
        match str(operation):
            case "BRANCH":
                parts.append(_any_of([_of_sequence(branch, letters) for branch in operands[1]]))
            case "SUBPATTERN":
                parts.append(_of_sequence(operands[-1], letters))
            case "MAX_REPEAT" | "MIN_REPEAT" if operands[0] > 0:
                parts.append(_of_sequence(operands[-1], letters))
            case _:
                parts.append(_word(letters))
        letters = ""
    return _all_of([*parts, _word(letters)])


def _letters(operation: str, operands: Any) -> set[str]:
    """The letters one of which a node stands for, in lower case; none where it may stand for something else."""
    kinds = [("LITERAL", operands)] if operation == "LITERAL" else []
    if operation == "IN":
        kinds = [(str(kind), operand) for kind, operand in operands]
    codes: list[int] = []
    for kind, operand in kinds:
        if kind == "LITERAL":
            codes.append(operand)
        elif kind == "RANGE" and operand[1] - operand[0] < _MOST_LETTERS:
            codes += range(operand[0], operand[1] + 1)
        else:
            return set()
    letters = {chr(code).lower() for code in codes}
    return letters if all(it.isascii() and (it.isalnum() or it == "'") for it in letters) else set()


def _word(letters: str) -> Need | None:
    return letters if len(letters) >= _MIN_LETTERS else None


def _all_of(parts: Iterable[Need | None]) -> Need | None:
    certain = tuple(dict.fromkeys(part for part in parts if part is not None))
    match certain:
        case ():
            return None
        case (one,):
            return one
        case _:
            return AllOf(certain)


def _any_of(parts: Iterable[Need | None]) -> Need | None:
    choices = tuple(dict.fromkeys(parts))
    certain = tuple(part for part in choices if part is not None)
    if len(certain) < len(choices):
        return None
    match certain:
        case (one,):
            return one
        case _:
            return AnyOf(certain)
