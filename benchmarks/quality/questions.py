"""How well questions are found where nobody wrote question marks: the product's `asked_in` against dialogue acts.

Every mark is taken off the words first, apostrophes and underscores too, and case with them: the transcribers wrote a
question mark where they heard a question, so that with marks the figure would measure them. What the product has
besides is what every recorder gives: who speaks, from when to when. Tags ("right") count, as in the corpus.

Beside it a rule: the product's own `question_kind`, which looks at how a sentence begins, on the same bare words.
"""

import re
from dataclasses import replace
from pathlib import Path

from agents.analysis.calls.conversation import Conversation, join
from agents.analysis.calls.questions import asked_in, question_kind
from benchmarks.quality.icsi import Meeting, described, meetings
from benchmarks.quality.row import Quality, Row, above
from benchmarks.quality.scores import counts_of

__all__ = ["TAGS", "bare", "measure"]

TAGS = frozenset({"qy", "qw", "qr", "qrr", "qo", "qh"})
_JOINED = re.compile(r"['’_]")
_MARKS = re.compile(r"[^a-z0-9]+")


def measure(data: Path | None) -> Quality:
    """On the ICSI validation meetings, or on a folder of others."""
    found: list[tuple[set[int], set[int]]] = []
    rule: list[tuple[set[int], set[int]]] = []
    untimed: list[tuple[set[int], set[int]]] = []
    judged = 0
    for meeting in meetings(data):
        wanted = {number for number, parts in meeting.tags.items() if parts & TAGS}
        talk = bare(meeting)
        judged += len(meeting.tags)
        found.append((wanted, _asked(talk, meeting)))
        untimed.append((wanted, _asked(replace(talk, level="untimed"), meeting)))
        rule.append((wanted, {n for n in meeting.tags if question_kind(talk.lines[n].text) is not None}))
    model, simple, words = counts_of(found), counts_of(rule), counts_of(untimed)
    of = f"judged sentences, {model.wanted} of them questions"
    rows = (
        Row("F1", model.f1, judged, of, above(0.70), simple.f1, "a rule on opening words"),
        Row("precision", model.precision, model.found, "sentences found", None, simple.precision, "the rule"),
        Row("recall", model.recall, model.wanted, "questions", None, simple.recall, "the rule"),
        Row("F1 where the transcript has no times", words.f1, judged, of, None, simple.f1, "the rule"),
    )
    notes = (
        "All punctuation and case are taken off before anything looks at the words, apostrophes included.",
        "A question is a tag part qy, qw, qr, qrr, qo or qh; sentences tagged z, x or nothing are left out.",
        "Trained and its threshold set on the 51 training meetings, by cross-validation over meetings.",
    )
    return Quality("Questions found without question marks", described(data), rows, notes)


def bare(meeting: Meeting) -> Conversation:
    """The meeting without punctuation and case; a sentence keeps its place even if nothing is left of it."""
    sentences = tuple(
        replace(sentence, text=_MARKS.sub(" ", _JOINED.sub("", sentence.text.lower())).strip())
        for sentence in meeting.transcript.sentences
    )
    return join(meeting.call, replace(meeting.transcript, sentences=sentences))


def _asked(talk: Conversation, meeting: Meeting) -> set[int]:
    return {asked.line.number for asked in asked_in(talk)} & meeting.tags.keys()
