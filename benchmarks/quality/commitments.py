"""How well promises are found: the product's `commitments_in` against the sentences that annotators tagged `cc`.

Two figures. Precision at 10: of each meeting's ten most likely sentences, how many were marked. Many meetings have
fewer than ten promises (some none), so that no ranking can fill ten places: the figure held against the goal divides
by the places that could be filled, 10 or the meeting's number of promises if that is smaller, and leaves out meetings
without any. The plain one, always divided by 10 and over all meetings, stands below it beside the most that any
ranking could reach. F1 takes what the model calls likely, at a threshold set on the training meetings.

Beside both stands a plain rule on the same sentences: the words "I'll", "we will", "let me" and their like, in order
of time.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from agents.analysis.calls.commitments import commitments_in
from benchmarks.quality.icsi import Meeting, described, meetings
from benchmarks.quality.row import Quality, Row, above
from benchmarks.quality.scores import Counts, counts_of

__all__ = ["measure"]

TAG = "cc"
PLACES = 10
_RULE = re.compile(
    r"\b(?:i|we)(?:'ll| will|'m going to| am going to|'re going to| are going to|'m gonna|'re gonna)\b|\blet me\b|"
    r"\bi can (?:send|share|get|do|check|ask|look)\b"
)


@dataclass(frozen=True, slots=True)
class _Found:
    """One meeting: the lines marked, the lines judged, what the model ranks and calls likely, what the rule finds."""

    marked: frozenset[int]
    judged: frozenset[int]
    ranked: tuple[int, ...]
    likely: frozenset[int]
    rule: tuple[int, ...]


def measure(data: Path | None) -> Quality:
    """On the ICSI validation meetings, or on a folder of others."""
    found = [_find(meeting) for meeting in meetings(data)]
    with_any = [one for one in found if one.marked]
    model = _counted([(one, one.likely) for one in found])
    rule = _counted([(one, frozenset(one.rule)) for one in found])
    fillable, plain = (
        (_precision([(one, one.ranked) for one in with_any], full=False)),
        _precision([(one, one.ranked) for one in found], full=True),
    )
    rule_fillable = _precision([(one, one.rule) for one in with_any], full=False)
    most = mean(min(PLACES, len(one.marked)) / PLACES for one in found)
    n, of = (
        sum(len(one.judged) for one in found),
        f"judged sentences, {sum(len(one.marked) for one in found)} of them promises",
    )
    rows = (
        Row("precision at 10, of the places that can be filled", fillable, len(with_any), "meetings with a promise",
            above(0.5), rule_fillable, "the rule"),
        Row("precision at 10, always divided by 10", plain, len(found), "meetings", None, most, "the most any ranking can reach"),
        Row("F1", model.f1, n, of, above(0.40), rule.f1, "the rule"),
        Row("precision", model.precision, model.found, "sentences called likely", None, rule.precision, "the rule"),
        Row("recall", model.recall, model.wanted, "promises", None, rule.recall, "the rule"),
    )  # fmt: skip
    notes = (
        "A promise is a sentence with the tag part `cc`; sentences tagged z, x or nothing are left out, also from the ten.",
        "Precision at 10 divides by 10, or by the meeting's promises if fewer, and leaves out meetings without any.",
        "Trained and its threshold set on the 51 training meetings; punctuation is not used.",
    )
    return Quality("Promises found in meetings", described(data), rows, notes)


def _find(meeting: Meeting) -> _Found:
    judged, lines = frozenset(meeting.tags), meeting.conversation.lines
    ranked = [one for one in commitments_in(meeting.conversation) if one.line.number in judged]
    return _Found(
        marked=frozenset(number for number, parts in meeting.tags.items() if TAG in parts),
        judged=judged,
        ranked=tuple(one.line.number for one in ranked),
        likely=frozenset(one.line.number for one in ranked if one.likely),
        rule=tuple(line.number for line in lines if line.number in judged and _RULE.search(line.text)),
    )


def _counted(pairs: Sequence[tuple[_Found, frozenset[int]]]) -> Counts:
    return counts_of([(one.marked, chosen) for one, chosen in pairs])


def _precision(pairs: Sequence[tuple[_Found, tuple[int, ...]]], *, full: bool) -> float:
    """Mean over meetings of the hits among the first ten, by ten or by the places that can be filled."""
    shares = [
        len(one.marked & set(ranked[:PLACES])) / (PLACES if full else min(PLACES, len(one.marked)))
        for one, ranked in pairs
    ]
    return mean(shares) if shares else 0.0
