"""`scorecard`: a call held against a scorecard in Gong's shape.

Only what can be counted is answered, with the sentences it was counted from; everything else, the overall judgement
first of all, is left to a person. The card is a data file with its source.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from agents.analysis.calls.conversation import Line
from agents.analysis.calls.next_steps import closes_with_step
from agents.call_tools.coaching import HR_NOTE
from agents.call_tools.coaching_points import CoachedCall, coached, open_questions_of, promises_of, taken_up, telling
from agents.call_tools.coaching_scope import RepParameters, coaching_data, gather_calls, subject_of
from agents.call_tools.evidence import Evidence, headline, more, percent, said
from agents.call_tools.manager_relation import asks_for_relation, may_hear
from agents.call_tools.material import CallRow, Quoted, call_row, one_by_one, quoted
from agents.result import Record
from agents.sources import Sources
from agents.tool import Observation, Tool

__all__ = ["SCORECARD"]

_CALLS, _SHOWN, _QUOTES = 5, 2, 3
_LISTENER = "takes a listener"


class Answer(Record):
    """One question answered, or left to a person. Names are Gong's."""

    questionId: str
    questionRevisionId: str
    questionText: str
    questionType: str
    isOverall: bool
    minRange: int
    maxRange: int
    answerGuide: str = Field(description="how the score comes about")
    status: Literal["answered", "not_applicable", "needs_human"]
    score: int | None
    notApplicable: bool
    answerText: str | None = Field(description="what was counted; null where a person has to answer")
    selectedOptions: list[str]
    evidence: list[Quoted]


class CallCard(Record):
    """The card of one call."""

    call: CallRow
    answers: list[Answer]


class ScorecardData(Record):
    """The newest calls in scope, each with its card."""

    scorecardId: str
    scorecardName: str
    reviewMethod: str
    source: str
    cards: list[CallCard]


@dataclass(frozen=True, slots=True)
class _Counted:
    """What a question comes to: a value for the bands, in words, and where it was counted. `value` None: not applicable."""

    value: float | None
    words: str
    lines: tuple[Line, ...] = ()
    open: bool = False
    """Whether a person has to decide: nothing was found, which is not the same as nothing there."""


async def _run(sources: Sources, parameters: RepParameters) -> Observation:
    subject = await subject_of(sources, parameters)
    card = coaching_data("scorecard")
    if subject.scope.rep is None and subject.scope.call_id is None:
        return Observation("**Which call, or whose calls?** Give a call id or name the seller.", _data(card, []))
    material = await gather_calls(sources, subject)
    if not may_hear(parameters.relation, material.calls):
        who = next((call.owner for call in material.calls if call.owner), subject.scope.rep)
        return asks_for_relation(who, _data(card, []), material.notes)
    calls = [coached(talk) async for talk in one_by_one(material.conversations[:_CALLS]) if talk.rep is not None]
    evidence = Evidence()
    cards = [_card(evidence, card, call) for call in calls]
    nothing = material.nothing or "Nobody on the seller's side is heard in these calls."
    text = "\n\n".join(_text(card, call, one) for call, one in zip(calls[:_SHOWN], cards, strict=False)) or nothing
    rest = more(len(cards), min(len(cards), _SHOWN))
    notes = (*material.notes, HR_NOTE, f"The card: {card['source']}") if cards else material.notes
    if len(material.conversations) > _CALLS:
        notes = (*notes, f"The newest {_CALLS} of {len(material.conversations)} calls were held against the card.")
    return Observation("\n".join([text, *rest]), _data(card, cards), evidence.findings, evidence.citations, notes)


def _data(card: dict[str, Any], cards: list[CallCard]) -> ScorecardData:
    return ScorecardData(
        scorecardId=card["scorecardId"],
        scorecardName=card["scorecardName"],
        reviewMethod=card["reviewMethod"],
        source=card["source"],
        cards=cards,
    )


def _card(evidence: Evidence, card: dict[str, Any], call: CoachedCall) -> CallCard:
    return CallCard(
        call=call_row(call.talk.call), answers=[_answer(evidence, question, call) for question in card["questions"]]
    )


def _answer(evidence: Evidence, question: dict[str, Any], call: CoachedCall) -> Answer:
    counted = _count(question["measure"], call)
    score = _score(question, counted.value) if counted and counted.value is not None and not counted.open else None
    status = (
        "needs_human" if counted is None or counted.open else "answered" if score is not None else "not_applicable"
    )
    lines = counted.lines[:_QUOTES] if counted else ()
    if score is not None and counted is not None and lines:
        evidence.metric(
            f"{question['questionText']} {score} of {question['maxRange']}: {counted.words}", call.talk, lines
        )
    asked = {name: question[name] for name in _ASKED}
    return Answer(
        **asked,
        status=status,
        score=score,
        notApplicable=status == "not_applicable",
        answerText=counted.words if counted else None,
        selectedOptions=[],
        evidence=quoted(evidence, call.talk, lines),
    )


_ASKED = (
    "questionId", "questionRevisionId", "questionText", "questionType", "isOverall", "minRange", "maxRange",
    "answerGuide",
)  # fmt: skip


def _score(question: dict[str, Any], value: float) -> int:
    """The step of the range that a value reaches: each band is the limit between two steps."""
    bands: Sequence[float] = question["bands"]
    if question["higherIsBetter"]:
        return question["minRange"] + sum(value >= band for band in bands)
    return question["maxRange"] - sum(value > band for band in bands)


def _count(measure: str | None, call: CoachedCall) -> _Counted | None:
    match measure:
        case "talk_ratio":
            return _talk_ratio(call)
        case "open_questions":
            asked = open_questions_of(call)
            return _Counted(len(asked), f"{len(asked)} open question{'s' * (len(asked) != 1)}", tuple(asked))
        case "objections_taken_up":
            return _objections(call)
        case "closes_with_step":
            return _close(call)
        case "dated_promises":
            return _promises(call)
        case _:
            return None


def _talk_ratio(call: CoachedCall) -> _Counted:
    share = call.interaction.rep_share
    if share is None:
        return _Counted(None, "the seller's share of the talk is not known")
    monologue = call.interaction.longest_monologue
    lines = telling(monologue.lines)[:1] if monologue else ()
    basis = "talk time" if call.talk.timed else "words"
    return _Counted(
        share, f"{percent(share)} of the {basis} is the seller's; the longest monologue begins here", lines
    )


def _objections(call: CoachedCall) -> _Counted:
    found = call.objections
    if not found:
        return _Counted(None, "no objection was found, which is no proof that there was none")
    good = [one for one in found if taken_up(one)]
    lines = tuple(line for one in found for line in (one.lines[0], *one.reply[:1]))
    return _Counted(len(good) / len(found), f"{len(good)} of {len(found)} possible objections taken up", lines)


def _close(call: CoachedCall) -> _Counted:
    closing = [step.line for step in call.steps if step.closing]
    if closes_with_step(call.talk, call.steps) and closing:
        return _Counted(1, "a possible next step at the end", tuple(closing))
    return _Counted(
        0, "no next step found in the last 10 %; listen to the end", telling(call.talk.lines)[-2:], open=True
    )


def _promises(call: CoachedCall) -> _Counted:
    promises = promises_of(call)
    if not promises:
        return _Counted(None, "no promise of the seller's was found, which is no proof that there was none")
    dated = [step for step in promises if step.due is not None]
    words = f"{len(dated)} of {len(promises)} possible promises carry a date"
    return _Counted(len(dated) / len(promises), words, tuple(step.line for step in dated or promises))


def _text(card: dict[str, Any], call: CoachedCall, one: CallCard) -> str:
    lines = [f"**Scorecard “{card['scorecardName']}”**", headline(call.talk)]
    by_number = {line.text: line for line in call.talk.lines}
    for answer in one.answers:
        if answer.status == "answered":
            place = next((by_number[quote.text] for quote in answer.evidence if quote.text in by_number), None)
            where = f" {said(call.talk, [place])}" if place else ""
            lines.append(
                f"- {answer.questionText} **{answer.score} of {answer.maxRange}**: {answer.answerText}.{where}"
            )
        elif answer.status == "not_applicable":
            lines.append(f"- {answer.questionText} Not applicable: {answer.answerText}.")
        else:
            lines.append(f"- {answer.questionText} For a person: {answer.answerText or _LISTENER}.")
    return "\n".join(lines)


SCORECARD = Tool(
    name="scorecard",
    description=(
        "Holds a call, or a seller's newest calls, against a scorecard in Gong's shape: what can be counted is answered "
        "with evidence, the rest is left to a person."
    ),
    cues=(
        "scorecard", "score card", "score the call", "score his call", "score her call", "rate the call", "grade",
        "fill in the scorecard", "review the call", "scorecard results",
    ),
    parameters=RepParameters,
    data=ScorecardData,
    needs="calls",
    run=_run,
)  # fmt: skip
