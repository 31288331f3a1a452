"""What was promised, by whom, by when: candidates, with the sentence that says so.

Finding commitments in speech is hard (people agree with each other on them about a third of the time), so each is a
ranked candidate: a promise or request with a verb of doing, more likely near the end of the call, with a date, or
where the other side agrees at once. Promises with other verbs come in where the model of `commitments` hears one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from agents.analysis.calls.commitments import commitments_in
from agents.analysis.calls.conversation import Conversation, Line, Speaker, once
from agents.analysis.calls.cues import ACTION_VERBS, AGREES
from agents.analysis.calls.due_dates import MAY_NAME_DAY, Due, due_in
from agents.analysis.calls.word_index import WordIndex, cue, word_index
from agents.analysis.calls.words import terms

__all__ = ["CLOSING_SHARE", "NextStep", "closes_with_step", "next_steps_in"]

CLOSING_SHARE = 0.10
"""The last part of a call in which a next step is expected."""

_LATE_SHARE = 0.15
_VERB_SET = frozenset(ACTION_VERBS.split())
_VERBS = "|".join(ACTION_VERBS.split())
_ADVERB = r"(?:also |then |just |definitely |certainly |gladly |personally |quickly |probably |try to |be able to |make sure to )*"
_PROMISE = cue(
    rf"\b(?:i'll|i will|i'm going to|i am going to|let me|i'd be happy to|happy to|we'll|we will|we're going to|"
    rf"we are going to|my team will|our team will) {_ADVERB}(?P<action>(?:{_VERBS})\b.*)"
    r"|\byou'll (?P<given>(?:have|get|receive) .*)",
)
_OFFER = cue(rf"\b(?:i|we) (?:can|could) {_ADVERB}(?P<action>(?:{_VERBS})\b.*)")
_REQUEST = cue(
    rf"\b(?:can you|could you|would you|will you|please|i need you to|if you (?:can|could)|you'll|you will) "
    rf"{_ADVERB}(?:please )?(?P<action>(?:{_VERBS})\b.*)",
)
_PLAN = cue(
    rf"\b(?:let's|let us|shall we|should we|why don't we|we should|we need to|"
    rf"next steps?(?: is| are| would be| will be)?(?: to| that| for us to)?|action items?(?: is| are)?(?: to)?) "
    rf"{_ADVERB}(?P<action>(?:{_VERBS})\b.*)",
)
_NAMED = cue(
    rf"\b(?P<who>[A-Z][a-z]+),? (?:(?:will|can|is going to|you) {_ADVERB})?(?P<action>(?:{_VERBS})(?:s|es)?\b.*)",
    re.NOFLAG,
)
_DATED = re.compile(r"\b(?P<who>i'll|i will|we'll|we will|let's|we) (?P<action>[a-z]+\b.*)", re.IGNORECASE)
_OWN_DOING = cue(
    rf"\b(?:i'll|i will|i'm going to|i'm gonna|i am going to|we'll|we will|we're going to|we're gonna|we are going to|let me) "
    rf"{_ADVERB}(?P<action>(?!not |never |hope |try |respect |be |close |explain |watch )[a-z]+ .*)",
)
_HEARD_AT_MOST = 0.4
"""What a promise heard by the model alone counts for at most: as much as one with a verb of doing."""
_MAY_BE_STEP = re.compile(
    r"\b(?:i|we|you|let|let's|happy|please|will|can|could|should|shall|next|by|action|calendar|invite|meet)\b|'ll\b|[A-Z]\w+s? \w+s ",
    re.IGNORECASE,
)
"""A cheap look before the exact ones."""
_NOT_DOING = re.compile(
    r"(?:sent|had|have|has|did|was|were|are|got|went|said|met|saw|need|want|think|know|\w+ed)\b", re.IGNORECASE
)
_TOGETHER = re.compile(r"(?:meet|talk|speak|look|review|reconnect|regroup|start|sit|call|go|do)\b", re.IGNORECASE)
_MEETING = cue(
    r"\b(?:calendar|invite|follow[- ]?up (?:call|meeting)|next (?:call|meeting)|meet again|talk again|reconnect)\b",
)
_NOT_A_STEP = re.compile(
    r"\b(?:(?:i'll|i will|let me|i can|i'd) (?:be honest|say|tell you|just say|ask you|ask a|ask one|ask about|ask first|start (?:with|by|off)|"
    r"give you (?:a|an|some|the) (?:example|background|context|overview|sense|idea|quick)|walk you through (?:it|this|that|how|what|the) ?now|"
    r"show you (?:now|what|how|here)|go (?:first|ahead|back|through)|work through|get (?:straight|right|back to (?:the|that|your)|into)|"
    r"make sure i (?:understand|have|get|got)|check i|share my screen|see|think|stop|put it|call it|take (?:that|those|you|it) (?:one|first|in|through|back to)|pull (?:that|it|this) up|bring (?:it|that|this) up)|"
    r"we(?:'ll| will) see|last (?:week|month|quarter|year)|yesterday|"
    r"(?:show|walk|take|tell|talk) (?:me|us) (?:through|about|what|how|a bit|more)|(?:find|work|get) (?:time|there)$|"
    r"(?:can|could) you (?:talk|tell|walk|give me (?:a sense|an idea)|show me|hear|see|answer|speak))\b",
    re.IGNORECASE,
)
_CONDITIONAL = re.compile(r"^\W*(?:if (?!you (?:can|could)\b)|unless |suppose |imagine |when we )", re.IGNORECASE)
_SUMMING_UP = cue(
    r"\b(?:sum(?:ming)? (?:it |this |that )?up|to (?:recap|summari[sz]e)|next steps?|action items?|so the plan|who does what)\b",
)
_SUMMARY_LINES = 6
_ACTION_MIN_WORDS = 2
_ACTION_MAX = 140


@dataclass(frozen=True, slots=True)
class NextStep:
    """One candidate. `owner` is a name, or `both` for what the two sides plan together; `agreed` is the reply of the
    other side, if it agrees at once."""

    owner: str
    owner_side: str
    action: str
    line: Line
    due: Due | None
    agreed: Line | None
    closing: bool
    confidence: float


@once
def next_steps_in(conversation: Conversation) -> tuple[NextStep, ...]:
    """The candidates, most likely first."""
    spoken_on = conversation.call.started.date()
    heard = {found.line.number: found.confidence for found in commitments_in(conversation) if found.likely}
    index = word_index(conversation)
    possible = index.lines_with(_PROMISE, _REQUEST, _NAMED, _PLAN, _OFFER, MAY_NAME_DAY)
    steps: list[NextStep] = []
    for line in conversation.lines:
        if line.number not in possible and line.number not in heard:
            continue
        step = _step(conversation, index, line, spoken_on, heard.get(line.number))
        if step is not None:
            steps.append(step)
    return tuple(sorted(_without_repeats(steps), key=lambda step: (-step.confidence, step.line.number)))


def closes_with_step(conversation: Conversation, steps: Sequence[NextStep]) -> bool:
    """Whether any candidate stands in the last tenth of the call."""
    return any(conversation.share_passed(step.line) >= 1 - CLOSING_SHARE for step in steps)


def _step(
    conversation: Conversation, index: WordIndex, line: Line, spoken_on: date, heard: float | None
) -> NextStep | None:
    text = line.text.replace("’", "'")
    if not _MAY_BE_STEP.search(text) or _NOT_A_STEP.search(text) or _CONDITIONAL.search(text):
        return None
    due = due_in(text, spoken_on) if index.may_match(MAY_NAME_DAY, line.number) else None
    found = _match(conversation, index, line, text, due) or _heard(line, text, heard)
    if found is None:
        return None
    owner, action, confidence = found
    if len(action.split()) < _ACTION_MIN_WORDS:
        return None
    due = due_in(action, spoken_on) or due
    passed = conversation.share_passed(line)
    agreed = _agreement(conversation, line)
    confidence += 0.2 * (passed >= 1 - _LATE_SHARE) + 0.15 * (due is not None) + 0.1 * (agreed is not None)
    confidence += 0.1 * _in_summary(conversation, line)
    confidence -= 0.1 * (passed < 0.3)
    return NextStep(
        owner=owner.name if owner is not None else "both",
        owner_side=owner.side if owner is not None else "both",
        action=_shortened(action),
        line=line,
        due=due,
        agreed=agreed,
        closing=passed >= 1 - CLOSING_SHARE,
        confidence=round(min(0.9, max(0.1, confidence)), 2),
    )


def _match(
    conversation: Conversation, index: WordIndex, line: Line, text: str, due: Due | None
) -> tuple[Speaker | None, str, float] | None:
    """Who is to do what, and how sure that is before place and date are weighed; no owner means both sides."""
    if match := index.search(_PROMISE, line.number, text):
        return line.speaker, match["action"] or match["given"], 0.4
    if match := index.search(_REQUEST, line.number, text):
        return _addressee(conversation, line, text), match["action"], 0.4
    if (match := index.search(_NAMED, line.number, text)) and (named := _person(conversation, match["who"])):
        return named, _base_form(match["action"]), 0.4
    if match := index.search(_PLAN, line.number, text):
        return None, match["action"], 0.4
    if match := index.search(_OFFER, line.number, text):
        return line.speaker, match["action"], 0.25
    return _dated_plan(line, text) if due is not None else None


def _base_form(action: str) -> str:
    """ "sends the order" as what somebody has to do: "send the order"."""
    verb, _, rest = action.partition(" ")
    base = next((form for form in (verb, verb[:-1], verb[:-2]) if form.lower() in _VERB_SET), verb)
    return f"{base} {rest}".strip()


def _dated_plan(line: Line, text: str) -> tuple[Speaker | None, str, float] | None:
    """What has no verb of doing but a day: "we ship on the twelfth", "the next call is on Friday"."""
    match = _DATED.search(text)
    if match and not _NOT_DOING.match(match["action"]) and due_in(match["action"], date.min) is not None:
        together = match["who"].lower() in {"let's", "we"} and _TOGETHER.match(match["action"])
        return (None if together else line.speaker), match["action"], 0.3
    return (None, text, 0.35) if _MEETING.search(text) else None


def _heard(line: Line, text: str, confidence: float | None) -> tuple[Speaker | None, str, float] | None:
    """A promise that the model hears, if it says what is to be done."""
    match = _OWN_DOING.search(text)
    if confidence is None or match is None or _NOT_DOING.match(match["action"]) or not terms(match["action"]):
        return None
    return line.speaker, match["action"], min(_HEARD_AT_MOST, confidence)


def _person(conversation: Conversation, first_name: str) -> Speaker | None:
    """Somebody on the call, heard or not."""
    for speaker in conversation.speakers:
        if speaker.name.split()[0] == first_name:
            return speaker
    for party in conversation.silent:
        if party.name.split()[:1] == [first_name]:
            return Speaker(party.speaker_id or party.id, party.name, party.side, party.title)
    return None


def _addressee(conversation: Conversation, line: Line, text: str) -> Speaker:
    """Who is asked: somebody named in the sentence, or the other side's person who spoke last before it."""
    others = [speaker for speaker in conversation.speakers if speaker.id != line.speaker.id]
    for speaker in others:
        if re.search(rf"\b{re.escape(speaker.name.split()[0])}\b", text):
            return speaker
    for number in reversed(range(line.number)):
        before = conversation.lines[number]
        if before.speaker.side != line.speaker.side:
            return before.speaker
    return next((speaker for speaker in others if speaker.side != line.speaker.side), line.speaker)


def _in_summary(conversation: Conversation, line: Line) -> bool:
    """Whether somebody has just begun to sum up."""
    index = word_index(conversation)
    before = conversation.lines[max(0, line.number - _SUMMARY_LINES) : line.number + 1]
    return any(index.search(_SUMMING_UP, earlier.number, earlier.text) for earlier in before)


def _agreement(conversation: Conversation, line: Line) -> Line | None:
    """The next words of the other side, if they agree."""
    for after in conversation.lines[line.number + 1 : line.number + 5]:
        if after.speaker.side != line.speaker.side:
            opening = " ".join(after.text.split()[:6])
            return after if AGREES.search(opening) and "but" not in after.text.lower().split() else None
    return None


def _shortened(action: str) -> str:
    action = action.strip().rstrip(".?! ")
    if len(action) <= _ACTION_MAX:
        return action
    return action[:_ACTION_MAX].rsplit(" ", 1)[0] + " …"


def _without_repeats(steps: Sequence[NextStep]) -> list[NextStep]:
    """One candidate per thing to do: a later, fuller wording by the same owner replaces an earlier one."""
    kept: list[NextStep] = []
    for step in steps:
        same = next((i for i, other in enumerate(kept) if _same_thing(other, step)), None)
        if same is None:
            kept.append(step)
        elif step.confidence >= kept[same].confidence:
            kept[same] = replace(step, due=step.due or kept[same].due)
    return kept


def _same_thing(one: NextStep, other: NextStep) -> bool:
    if one.owner_side != other.owner_side:
        return False
    a, b = set(terms(one.action)), set(terms(other.action))
    return bool(a and b) and len(a & b) / min(len(a), len(b)) >= 0.6
