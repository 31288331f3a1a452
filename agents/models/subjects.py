"""What a request speaks of, for a team whose members are known: words and arguments that speak for a member, as data.

`subjects.json` holds groups of words, and rules: where all groups of a rule occur (and none of those it rules out), its
weight goes to its member; every further word of its first group adds a little. Words are compared as stems, and a word
that stands in no group is read as the nearest one that does, so that typing mistakes cost nothing.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from rapidfuzz import fuzz, process

from agents.models.words import SILENT, phrase, within

__all__ = ["MEMBERS", "Heard", "speaks_for"]

MEMBERS = frozenset({"sales_coach", "gong_intelligence", "hubspot_crm"})
FURTHER_MAX = 3
TYPED_CHARS = 5
ALIKE = 86


@dataclass(frozen=True, slots=True)
class Heard:
    """How much speaks for one member, and the words that do."""

    score: float
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """Where all of these groups occur and none of those, the weight goes to the member."""

    member: str
    weight: float
    every: tuple[str, ...]
    none: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subjects:
    """The groups as stems, the rules, and all single stems."""

    groups: Mapping[str, tuple[tuple[str, ...], ...]]
    rules: tuple[Rule, ...]
    known: tuple[str, ...]
    again: float


def speaks_for(clauses: Iterable[Sequence[str]], arguments: Iterable[str]) -> dict[str, Heard]:
    """By member, what in a request's words and arguments speaks for it; nothing for a member that nothing speaks for."""
    subjects = _subjects()
    parts = [[corrected(word) for word in clause] for clause in clauses]
    found: dict[str, tuple[str, ...]] = {
        name: tuple(dict.fromkeys(" ".join(cue) for cue in cues if any(within(cue, part) for part in parts)))
        for name, cues in subjects.groups.items()
    }
    for name in arguments:
        found[f"argument {name}"] = (name,)
    scores: dict[str, float] = {}
    words: dict[str, list[str]] = {}
    for rule in subjects.rules:
        if not all(found.get(name) for name in rule.every) or any(found.get(name) for name in rule.none):
            continue
        first = found[rule.every[0]]
        more = subjects.again * min(len(first) - 1, FURTHER_MAX) if len(rule.every) == 1 else 0.0
        scores[rule.member] = scores.get(rule.member, 0.0) + rule.weight + more
        words.setdefault(rule.member, []).extend(word for name in rule.every for word in found[name])
    return {name: Heard(score, tuple(dict.fromkeys(words[name]))) for name, score in scores.items()}


@lru_cache(maxsize=4096)
def corrected(word: str) -> str:
    """The stem itself, or the nearest known one where it looks mistyped."""
    known = _subjects().known
    if len(word) < TYPED_CHARS or word in SILENT or word in known or not word.isalpha():
        return word
    near = process.extractOne(word, known, scorer=fuzz.ratio, score_cutoff=ALIKE)
    return near[0] if near and near[0][0] == word[0] and len(near[0]) >= TYPED_CHARS else word


@lru_cache(maxsize=1)
def _subjects() -> Subjects:
    given: dict[str, Any] = json.loads((files("agents.models") / "subjects.json").read_text(encoding="utf-8"))
    groups = {
        name: tuple(dict.fromkeys(cue for part in parts if (cue := phrase(part))))
        for name, parts in given["groups"].items()
    }
    rules = tuple(
        Rule(rule["member"], rule["weight"], tuple(rule["all"]), tuple(rule.get("none", ())))
        for rule in given["rules"]
    )
    known = tuple(sorted({word for cues in groups.values() for cue in cues for word in cue}))
    return Subjects(groups, rules, known, given["again"])
