"""Where an account stands, for somebody who is about to speak with it: people, promises, prices, rivals, worries."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field

from agents.analysis.calls.competitors import competitors_in
from agents.analysis.calls.conversation import Conversation, Line, is_english
from agents.analysis.calls.money import prices_in
from agents.analysis.calls.next_steps import NextStep, next_steps_in
from agents.analysis.calls.objections import Objection, objections_in
from agents.call_tools.evidence import Evidence, said
from agents.call_tools.material import Quoted, quoted
from agents.call_tools.next_steps import NextStepView, next_step_text, view_next_step
from agents.result import Record
from agents.sources import Call

__all__ = ["AccountState", "Heard", "Person", "hear", "state_of"]

_PROMISES = 2
_PEOPLE = 8
_CONFIDENCE = 0.4


class Person(Record):
    """Somebody of the customer's side."""

    name: str
    title: str | None
    calls: int
    last: str = Field(description="ISO date of the last call they were on")
    heard: bool = Field(description="whether they spoke on any of them")


class AccountState(Record):
    """What to know before the next call. All but the people are candidates."""

    people: list[Person]
    we_promised: list[NextStepView] = Field(description="on the last call that holds any")
    they_promised: list[NextStepView]
    last_price: Quoted | None = Field(description="the last amount that was said")
    open_worry: Quoted | None = Field(description="the last objection after which nobody sounded content")
    rivals: list[str]


@dataclass(frozen=True, slots=True)
class Heard:
    """One conversation and what was found in it, once for all that is told of it; nothing in another language."""

    talk: Conversation
    objections: tuple[Objection, ...]
    steps: tuple[NextStep, ...]


def hear(talk: Conversation) -> Heard:
    """Look for objections and next steps."""
    if not is_english(talk.call):
        return Heard(talk, (), ())
    return Heard(talk, objections_in(talk), next_steps_in(talk))


@dataclass(frozen=True, slots=True)
class _Moment:
    talk: Conversation
    line: Line


def state_of(evidence: Evidence, calls: Sequence[Call], heard: Sequence[Heard]) -> tuple[AccountState, list[str]]:
    """The state and its lines; calls and conversations oldest first."""
    english = [it.talk for it in heard if is_english(it.talk.call)]
    people = _people(calls, [it.talk for it in heard])
    ours, ours_text = _promises(evidence, heard, "internal")
    theirs, theirs_text = _promises(evidence, heard, "external")
    price, worry = _last_price(english), _open_worry(heard)
    rivals = list(dict.fromkeys(rival.name for talk in english for rival in competitors_in(talk) if rival.name))
    state = AccountState(
        people=people,
        we_promised=ours,
        they_promised=theirs,
        last_price=_quoted(evidence, "Last amount said", price),
        open_worry=_quoted(evidence, "Last objection without a content reply", worry),
        rivals=rivals,
    )
    lines = [f"- Their people: {', '.join(map(_person, people[:_PEOPLE])) or 'nobody named'}"]
    lines += [f"- We promised, {text}" for text in ours_text]
    lines += [f"- They promised, {text}" for text in theirs_text]
    lines += [f"- Last amount said: {_when(price)}"] if price else []
    lines += [f"- Last worry, no content reply found: {_when(worry)}"] if worry else []
    lines += [f"- Possible rivals named: {', '.join(rivals[:5])}"] if rivals else []
    return state, lines


def _people(calls: Sequence[Call], talks: Sequence[Conversation]) -> list[Person]:
    heard = {(talk.call.id, speaker.name) for talk in talks for speaker in talk.speakers}
    found: dict[str, Person] = {}
    for call in calls:
        for party in call.parties:
            if party.side != "external":
                continue
            before = found.get(party.name)
            found[party.name] = Person(
                name=party.name,
                title=party.title or (before.title if before else None),
                calls=(before.calls if before else 0) + 1,
                last=call.started.date().isoformat(),
                heard=(before.heard if before else False) or (call.id, party.name) in heard,
            )
    return sorted(found.values(), key=lambda person: (-person.calls, person.name))


def _person(person: Person) -> str:
    calls = f"{person.calls} call{'s' * (person.calls > 1)}, last {person.last}"
    title = f"{person.title}, " if person.title else ""
    return f"{person.name} ({title}{calls}{'' if person.heard else ', not heard'})"


def _promises(evidence: Evidence, heard: Sequence[Heard], side: str) -> tuple[list[NextStepView], list[str]]:
    """The likeliest promises of one side on the last call that holds any."""
    for it in reversed(heard):
        talk = it.talk
        steps = [step for step in it.steps if step.owner_side == side][:_PROMISES]
        if steps:
            day = talk.call.started.date().isoformat()
            for step in steps:
                evidence.candidate(f"{day}: {step.owner} to {step.action}", talk, [step.line], step.confidence)
            texts = [f"{day}: {next_step_text(talk, step).removeprefix('- ')}" for step in steps]
            return [view_next_step(evidence, talk, step) for step in steps], texts
    return [], []


def _last_price(talks: Sequence[Conversation]) -> _Moment | None:
    for talk in reversed(talks):
        amounts = [mention.line for mention in prices_in(talk) if mention.kind == "amount"]
        if amounts:
            return _Moment(talk, amounts[-1])
    return None


def _open_worry(heard: Sequence[Heard]) -> _Moment | None:
    for it in reversed(heard):
        open_ones = [objection for objection in it.objections if objection.relief is None]
        if open_ones:
            return _Moment(it.talk, open_ones[-1].lines[0])
    return None


def _quoted(evidence: Evidence, what: str, moment: _Moment | None) -> Quoted | None:
    if moment is None:
        return None
    evidence.candidate(f"{what}, {moment.talk.call.title}", moment.talk, [moment.line], _CONFIDENCE)
    return quoted(evidence, moment.talk, [moment.line])[0]


def _when(moment: _Moment) -> str:
    return f"{moment.talk.call.started.date().isoformat()} {said(moment.talk, [moment.line])}"
