"""What works, what to tighten, and one exercise: rules over a seller's calls, each with the place to listen to.

The rules look only at what the calls show. Where a range is recommended by somebody, it stands with its source and
date; no other threshold is presented as a benchmark.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agents.analysis.calls.conversation import Conversation, Line
from agents.analysis.calls.interaction import Interaction, questions_in
from agents.analysis.calls.next_steps import NextStep, closes_with_step
from agents.analysis.calls.objections import Objection
from agents.call_tools.evidence import percent

__all__ = ["EXERCISES", "TALK_RATIO_CEILING", "CoachedCall", "Point", "to_tighten", "what_works"]

TALK_RATIO_CEILING = 0.65
TALK_RATIO_SOURCE = "Gong Labs, updated 2025-03-20: no more than 65 %"

EXERCISES = {
    "close": "Before your next three calls write down the one next step you want; with five minutes left ask for it, "
    "with a date and a name on each side.",
    "objection": "Take the objection above and practise three sentences: acknowledge it, ask what is behind it, and "
    "only then answer.",
    "talk": "On your next call wait two seconds after every answer, and follow each with one question before you "
    "explain anything.",
    "open_questions": "Rewrite three of your yes-or-no questions above so that they begin with what, how or why, and "
    "ask them on your next call.",
    "due_dates": "Whenever you promise something on your next call, say the day by which it will be done.",
}
"""By the key of the first point to tighten."""


@dataclass(frozen=True, slots=True)
class CoachedCall:
    """One call and what was found on it."""

    talk: Conversation
    interaction: Interaction
    objections: tuple[Objection, ...]
    steps: tuple[NextStep, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """One observation over the calls; `weight` is the share of calls that show it."""

    key: str
    statement: str
    talk: Conversation
    lines: tuple[Line, ...]
    weight: float


Rule = Callable[[Sequence[CoachedCall]], Point | None]


def what_works(calls: Sequence[CoachedCall], count: int) -> list[Point]:
    """The best supported strengths."""
    return _ranked(
        calls, (_good_close, _objections_taken_up, _open_questions, _customer_story, _dated_promises), count
    )


def to_tighten(calls: Sequence[CoachedCall], count: int) -> list[Point]:
    """The best supported weaknesses."""
    return _ranked(
        calls, (_talks_most, _missing_close, _objections_passed, _closed_questions, _undated_promises), count
    )


def _ranked(calls: Sequence[CoachedCall], rules: Sequence[Rule], count: int) -> list[Point]:
    points = [point for rule in rules if (point := rule(calls)) is not None]
    return sorted(points, key=lambda point: -point.weight)[:count]


def _of(part: int, whole: int, noun: str) -> str:
    return f"{part} of {whole} {noun}{'s' * (whole != 1)}"


def _good_close(calls: Sequence[CoachedCall]) -> Point | None:
    closed = [(call, step) for call in calls for step in call.steps if step.closing]
    if not closed:
        return None
    call, step = max(closed, key=lambda item: item[1].confidence)
    number = len({call.talk.call.id for call, _ in closed})
    statement = f"{_of(number, len(calls), 'call')} close{'s' * (number == 1)} with a next step"
    return Point("close", statement, call.talk, (step.line,), number / len(calls))


def _missing_close(calls: Sequence[CoachedCall]) -> Point | None:
    missing = [call for call in calls if not closes_with_step(call.talk, call.steps)]
    if not missing:
        return None
    last = missing[0].talk
    statement = f"No next step found in the last 10 % of {_of(len(missing), len(calls), 'call')}; one ends like this"
    return Point("close", statement, last, last.lines[-2:], len(missing) / len(calls))


def _objections_taken_up(calls: Sequence[CoachedCall]) -> Point | None:
    found = [(call, objection) for call in calls for objection in call.objections]
    good = [item for item in found if {"acknowledged", "asked"} & set(item[1].handled)]
    if not good:
        return None
    call, objection = max(
        good, key=lambda item: (len(item[1].handled), item[1].relief is not None, item[1].confidence)
    )
    statement = f"Acknowledges or explores {_of(len(good), len(found), 'possible objection')}"
    return Point("objection", statement, call.talk, (objection.lines[0], objection.reply[0]), len(good) / len(found))


def _objections_passed(calls: Sequence[CoachedCall]) -> Point | None:
    found = [(call, objection) for call in calls for objection in call.objections if objection.reply]
    passed = [item for item in found if not {"acknowledged", "asked"} & set(item[1].handled)]
    if not passed:
        return None
    call, objection = max(passed, key=lambda item: ("ignored" in item[1].handled, item[1].confidence))
    statement = f"{_of(len(passed), len(found), 'possible objection')} met neither acknowledgement nor question"
    return Point(
        "objection", statement, call.talk, (objection.lines[0], objection.reply[0]), len(passed) / len(found)
    )


def _rep_questions(call: CoachedCall, *, open_ones: bool) -> list[Line]:
    rep = call.talk.rep
    return [
        line for line, kind in questions_in(call.talk)
        if rep is not None and line.speaker.id == rep.id and (kind == "open") == open_ones
    ]  # fmt: skip


def _open_questions(calls: Sequence[CoachedCall]) -> Point | None:
    asked = [(call, line) for call in calls for line in _rep_questions(call, open_ones=True)]
    closed = sum(len(_rep_questions(call, open_ones=False)) for call in calls)
    if not asked or len(asked) < closed:
        return None
    call, line = max(asked, key=lambda item: item[1].words)
    statement = f"{_of(len(asked), len(asked) + closed, 'question')} are open"
    return Point("open_questions", statement, call.talk, (line,), len(asked) / (len(asked) + closed))


def _closed_questions(calls: Sequence[CoachedCall]) -> Point | None:
    closed = [(call, line) for call in calls for line in _rep_questions(call, open_ones=False)]
    opened = sum(len(_rep_questions(call, open_ones=True)) for call in calls)
    if not closed or opened >= len(closed):
        return None
    call, line = min(closed, key=lambda item: abs(item[1].words - 8))
    statement = f"{_of(len(closed), len(closed) + opened, 'question')} can be answered with a word"
    return Point("open_questions", statement, call.talk, (line,), len(closed) / (len(closed) + opened) / 3)


def _customer_story(calls: Sequence[CoachedCall]) -> Point | None:
    stories = [(call, call.interaction.longest_story) for call in calls if call.talk.timed]
    told = [(call, story) for call, story in stories if story is not None]
    if not told:
        return None
    call, story = max(told, key=lambda item: item[1].duration_ms)
    seconds = round(story.duration_ms / 1000)
    statement = f"Lets the customer speak: {story.speaker.name} talked {seconds} s without a break"
    telling = tuple(line for line in story.lines if line.words > 3)[:2] or story.lines[:1]
    return Point("talk", statement, call.talk, telling, 0.3)


def _talks_most(calls: Sequence[CoachedCall]) -> Point | None:
    over = [
        (call, call.interaction.rep_share, call.interaction.longest_monologue) for call in calls
        if call.talk.timed and (call.interaction.rep_share or 0) > TALK_RATIO_CEILING
    ]  # fmt: skip
    if not over:
        return None
    call, share, monologue = max(over, key=lambda item: item[1] or 0)
    statement = (
        f"Talks more than {percent(TALK_RATIO_CEILING)} on {_of(len(over), len(calls), 'call')}, up to "
        f"{percent(share or 0)} ({TALK_RATIO_SOURCE}); the longest monologue begins here"
    )
    lines = monologue.lines[:1] if monologue else call.talk.lines[:1]
    return Point("talk", statement, call.talk, lines, len(over) / len(calls))


def _promises(calls: Sequence[CoachedCall]) -> list[tuple[CoachedCall, NextStep]]:
    return [(call, step) for call in calls for step in call.steps if step.line.speaker == call.talk.rep]


def _dated_promises(calls: Sequence[CoachedCall]) -> Point | None:
    promises = _promises(calls)
    dated = [item for item in promises if item[1].due is not None]
    if not dated or 2 * len(dated) < len(promises):
        return None
    call, step = max(dated, key=lambda item: item[1].confidence)
    statement = f"{_of(len(dated), len(promises), 'possible next step')} of the rep's carry a date"
    return Point("due_dates", statement, call.talk, (step.line,), len(dated) / len(promises) / 2)


def _undated_promises(calls: Sequence[CoachedCall]) -> Point | None:
    promises = _promises(calls)
    undated = [item for item in promises if item[1].due is None]
    if not undated or 2 * len(undated) <= len(promises):
        return None
    call, step = max(undated, key=lambda item: item[1].confidence)
    statement = f"{_of(len(undated), len(promises), 'possible next step')} of the rep's carry no date"
    return Point("due_dates", statement, call.talk, (step.line,), len(undated) / len(promises) / 2)
