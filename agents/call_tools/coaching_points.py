"""What works, what to tighten, and one exercise: rules over a seller's calls, each with the place to listen to.

The rules look only at what the calls show. What to tighten belongs to one of the first system's eight categories and
has one of its four priorities; the limits are data (`coaching_data/categories.json`) with their sources. Where a range
is recommended by somebody, it stands with its source and date; no other limit is presented as a benchmark.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean
from typing import Any, Literal

from agents.analysis.calls.conversation import Conversation, Line
from agents.analysis.calls.interaction import Interaction, interaction_of
from agents.analysis.calls.next_steps import NextStep, closes_with_step, next_steps_in
from agents.analysis.calls.objections import Objection, objections_in
from agents.analysis.calls.questions import questions_in
from agents.call_tools.coaching_scope import coaching_data, kind_of
from agents.call_tools.evidence import percent

__all__ = [
    "EXERCISES",
    "PRIORITIES",
    "Category",
    "CoachedCall",
    "Point",
    "Priority",
    "coached",
    "open_questions_of",
    "promises_of",
    "taken_up",
    "telling",
    "to_tighten",
    "what_works",
]

Category = Literal[
    "sentiment_improvement",
    "talk_ratio_balance",
    "discovery_skills",
    "closing_techniques",
    "objection_handling",
    "relationship_building",
    "product_knowledge",
    "negotiation_skills",
]
Priority = Literal["critical", "high", "medium", "low"]
_ASIDE_MAX_WORDS = 3
PRIORITIES: tuple[Priority, ...] = ("critical", "high", "medium", "low")
TALK_RATIO_SOURCE = "Gong Labs, updated 2025-03-20: no more than 65 %"

EXERCISES = {
    "close": "Before your next three calls write down the one next step you want; with five minutes left ask for it, "
    "with a date and a name on each side.",
    "objection": "Take the objection above and practise three sentences: acknowledge it, ask what is behind it, and "
    "only then answer.",
    "talk": "On your next call wait two seconds after every answer, and follow each with one question before you "
    "explain anything.",
    "quiet": "On your next call sum up what you heard after each topic, in two sentences, and ask whether that is right.",
    "price": "Practise three questions to ask when somebody objects to a price: compared to what, what it would have to "
    "bring, and who else looks at it.",
    "few_questions": "Write down five questions that begin with what, how or why before your next discovery call, and ask "
    "at least three of them.",
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
    """One observation over the calls; `weight` is the share of calls that show it. `priority` is of what to tighten."""

    key: str
    category: Category
    statement: str
    talk: Conversation
    lines: tuple[Line, ...]
    weight: float
    priority: Priority = "low"


Rule = Callable[[Sequence[CoachedCall]], Point | None]


def what_works(calls: Sequence[CoachedCall], count: int) -> list[Point]:
    """The best supported strengths."""
    return _ranked(
        calls, (_good_close, _objections_taken_up, _open_questions, _customer_story, _dated_promises), count
    )


def to_tighten(calls: Sequence[CoachedCall], count: int) -> list[Point]:
    """What to tighten, the most pressing first, as the first system sorted: by priority, then by how much speaks for it."""
    rules = (
        _talks_most, _talks_little, _missing_close, _objections_passed, _price_unexplored, _few_questions,
        _closed_questions, _undated_promises,
    )  # fmt: skip
    return _ranked(calls, rules, count)


def coached(talk: Conversation) -> CoachedCall:
    """Look through one call."""
    return CoachedCall(talk, interaction_of(talk), objections_in(talk), next_steps_in(talk))


def taken_up(objection: Objection) -> bool:
    """Whether the reply acknowledges or explores an objection."""
    return bool({"acknowledged", "asked"} & set(objection.handled))


def telling(lines: Sequence[Line]) -> tuple[Line, ...]:
    """The sentences of a stretch that say something; all of it where none do."""
    return tuple(line for line in lines if line.words > _ASIDE_MAX_WORDS) or tuple(lines)


def _ranked(calls: Sequence[CoachedCall], rules: Sequence[Rule], count: int) -> list[Point]:
    points = [point for rule in rules if (point := rule(calls)) is not None]
    ranked = sorted(points, key=lambda point: (PRIORITIES.index(point.priority), -point.weight))
    first_of_key = {point.key: point for point in reversed(ranked)}
    return [point for point in ranked if first_of_key[point.key] is point][:count]


@lru_cache(maxsize=8)
def _limits(category: Category) -> dict[str, float]:
    listed: list[dict[str, Any]] = coaching_data("categories")["categories"]
    return next(dict(one["limits"]) for one in listed if one["id"] == category)


def _of(part: int, whole: int, noun: str) -> str:
    return f"{part} of {whole} {noun}{'s' * (whole != 1)}"


def _good_close(calls: Sequence[CoachedCall]) -> Point | None:
    closed = [(call, step) for call in calls for step in call.steps if step.closing]
    if not closed:
        return None
    call, step = max(closed, key=lambda item: item[1].confidence)
    number = len({call.talk.call.id for call, _ in closed})
    statement = f"{_of(number, len(calls), 'call')} close{'s' * (number == 1)} with a next step"
    return Point("close", "closing_techniques", statement, call.talk, (step.line,), number / len(calls))


def _missing_close(calls: Sequence[CoachedCall]) -> Point | None:
    missing = [call for call in calls if not closes_with_step(call.talk, call.steps)]
    if not missing:
        return None
    decisive = [call for call in missing if kind_of(call.talk.call) in {"negotiation", "closing"}]
    share = len(missing) / len(calls)
    often = share >= _limits("closing_techniques")["medium_from_share"]
    priority: Priority = "critical" if decisive else "medium" if often else "low"
    last = (decisive or missing)[0].talk
    statement = f"No next step found in the last 10 % of {_of(len(missing), len(calls), 'call')}; one ends like this"
    return Point("close", "closing_techniques", statement, last, telling(last.lines)[-2:], share, priority)


def _objections_taken_up(calls: Sequence[CoachedCall]) -> Point | None:
    found = [(call, objection) for call in calls for objection in call.objections]
    good = [item for item in found if item[1].reply and taken_up(item[1])]
    if not good:
        return None
    call, objection = max(
        good, key=lambda item: (len(item[1].handled), item[1].relief is not None, item[1].confidence)
    )
    statement = f"Acknowledges or explores {_of(len(good), len(found), 'possible objection')}"
    lines = (objection.lines[0], objection.reply[0])
    return Point("objection", "objection_handling", statement, call.talk, lines, len(good) / len(found))


def _objections_passed(calls: Sequence[CoachedCall]) -> Point | None:
    found = [(call, objection) for call in calls for objection in call.objections if objection.reply]
    passed = [item for item in found if not taken_up(item[1])]
    if not passed:
        return None
    call, objection = max(passed, key=lambda item: ("ignored" in item[1].handled, item[1].confidence))
    statement = f"{_of(len(passed), len(found), 'possible objection')} met neither acknowledgement nor question"
    share = len(passed) / len(found)
    priority: Priority = "high" if share >= _limits("objection_handling")["high_from_share"] else "medium"
    lines = (objection.lines[0], objection.reply[0])
    return Point("objection", "objection_handling", statement, call.talk, lines, share, priority)


def _price_unexplored(calls: Sequence[CoachedCall]) -> Point | None:
    found = [(call, one) for call in calls for one in call.objections if one.type == "price" and one.reply]
    unasked = [item for item in found if "asked" not in item[1].handled]
    if not unasked:
        return None
    call, objection = max(unasked, key=lambda item: item[1].confidence)
    statement = f"{_of(len(unasked), len(found), 'possible price objection')} answered without a question behind it"
    lines = (objection.lines[0], objection.reply[0])
    share = len(unasked) / len(found)
    return Point("price", "negotiation_skills", statement, call.talk, lines, share, "medium")


def open_questions_of(call: CoachedCall) -> list[Line]:
    """The open questions of the seller whose call it is."""
    return _rep_questions(call, open_ones=True)


def _few_questions(calls: Sequence[CoachedCall]) -> Point | None:
    discovery = [(call, open_questions_of(call)) for call in calls if kind_of(call.talk.call) == "discovery"]
    if not discovery:
        return None
    mean = fmean(len(asked) for _, asked in discovery)
    limit = _limits("discovery_skills")["medium_below"]
    if mean >= limit:
        return None
    call, asked = min(discovery, key=lambda item: len(item[1]))
    statement = (
        f"{mean:.1f} open questions per discovery call, on {_of(len(discovery), len(calls), 'call')}; fewer than "
        f"{limit:.0f} was the first system's limit"
    )
    lines = tuple(asked[:1]) or call.talk.lines[:1]
    return Point("few_questions", "discovery_skills", statement, call.talk, lines, 1 - mean / limit, "medium")


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
    return Point(
        "open_questions", "discovery_skills", statement, call.talk, (line,), len(asked) / (len(asked) + closed)
    )


def _closed_questions(calls: Sequence[CoachedCall]) -> Point | None:
    closed = [(call, line) for call in calls for line in _rep_questions(call, open_ones=False)]
    opened = sum(len(_rep_questions(call, open_ones=True)) for call in calls)
    if not closed or opened >= len(closed):
        return None
    call, line = min(closed, key=lambda item: abs(item[1].words - 8))
    statement = f"{_of(len(closed), len(closed) + opened, 'question')} can be answered with a word"
    weight = len(closed) / (len(closed) + opened) / 3
    return Point("open_questions", "discovery_skills", statement, call.talk, (line,), weight)


def _customer_story(calls: Sequence[CoachedCall]) -> Point | None:
    stories = [(call, call.interaction.longest_story) for call in calls if call.talk.timed]
    told = [(call, story) for call, story in stories if story is not None]
    if not told:
        return None
    call, story = max(told, key=lambda item: item[1].duration_ms)
    seconds = round(story.duration_ms / 1000)
    statement = f"Lets the customer speak: {story.speaker.name} talked {seconds} s without a break"
    return Point("talk", "talk_ratio_balance", statement, call.talk, telling(story.lines)[:2], 0.3)


def _talks_most(calls: Sequence[CoachedCall]) -> Point | None:
    limits = _limits("talk_ratio_balance")
    shares = _shares(calls)
    over = [(call, share) for call, share in shares if share > limits["medium_above"]]
    if not over:
        return None
    call, share = max(over, key=lambda item: item[1])
    mean = fmean(share for _, share in shares)
    priority: Priority = (
        "high" if mean > limits["high_above"] else "medium" if mean > limits["medium_above"] else "low"
    )
    monologue = call.interaction.longest_monologue
    statement = (
        f"Talks more than {percent(limits['medium_above'])} on {_of(len(over), len(calls), 'call')}, up to "
        f"{percent(share)} ({TALK_RATIO_SOURCE}); the longest monologue begins here"
    )
    lines = telling(monologue.lines)[:1] if monologue else call.talk.lines[:1]
    return Point("talk", "talk_ratio_balance", statement, call.talk, lines, len(over) / len(calls), priority)


def _talks_little(calls: Sequence[CoachedCall]) -> Point | None:
    shares = _shares(calls)
    limit = _limits("talk_ratio_balance")["medium_below"]
    if not shares or (mean := fmean(share for _, share in shares)) >= limit:
        return None
    call, share = min(shares, key=lambda item: item[1])
    statement = (
        f"Talks {percent(mean)} of the time on average, {percent(share)} here; below {percent(limit)} was the first "
        "system's limit"
    )
    own = tuple(line for line in call.talk.lines if line.speaker == call.talk.rep)[:1] or call.talk.lines[:1]
    return Point("quiet", "talk_ratio_balance", statement, call.talk, own, 1 - mean / limit, "medium")


def _shares(calls: Sequence[CoachedCall]) -> list[tuple[CoachedCall, float]]:
    return [
        (call, call.interaction.rep_share) for call in calls
        if call.talk.timed and call.interaction.rep_share is not None
    ]  # fmt: skip


def promises_of(call: CoachedCall) -> list[NextStep]:
    """What the seller whose call it is may have promised."""
    return [step for step in call.steps if step.line.speaker == call.talk.rep]


def _promises(calls: Sequence[CoachedCall]) -> list[tuple[CoachedCall, NextStep]]:
    return [(call, step) for call in calls for step in promises_of(call)]


def _dated_promises(calls: Sequence[CoachedCall]) -> Point | None:
    promises = _promises(calls)
    dated = [item for item in promises if item[1].due is not None]
    if not dated or 2 * len(dated) < len(promises):
        return None
    call, step = max(dated, key=lambda item: item[1].confidence)
    statement = f"{_of(len(dated), len(promises), 'possible next step')} of the rep's carry a date"
    weight = len(dated) / len(promises) / 2
    return Point("due_dates", "closing_techniques", statement, call.talk, (step.line,), weight)


def _undated_promises(calls: Sequence[CoachedCall]) -> Point | None:
    promises = _promises(calls)
    undated = [item for item in promises if item[1].due is None]
    if not undated or 2 * len(undated) <= len(promises):
        return None
    call, step = max(undated, key=lambda item: item[1].confidence)
    statement = f"{_of(len(undated), len(promises), 'possible next step')} of the rep's carry no date"
    weight = len(undated) / len(promises) / 2
    return Point("due_dates", "closing_techniques", statement, call.talk, (step.line,), weight)
