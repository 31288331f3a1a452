"""Several calls at one line each, newest first, and what stands out among them."""

from collections import Counter
from collections.abc import Sequence

import anyio.lowlevel
from pydantic import Field

from agents.analysis.calls.conversation import Conversation, is_english
from agents.analysis.calls.interaction import interaction_of
from agents.analysis.calls.next_steps import NextStep, closes_with_step, next_steps_in
from agents.analysis.calls.objections import Objection, objections_in
from agents.call_tools.evidence import Evidence, more, percent, quote, reference
from agents.call_tools.material import CallRow, Material, call_row
from agents.result import Record
from agents.sources import Call

__all__ = ["CallLine", "list_calls"]

_SHOWN = 10


class CallLine(Record):
    """One call of a list; the figures are null where there is no transcript."""

    call: CallRow
    seller_share: float | None = Field(description="the seller's side's share of talk time, 0 to 1")
    objection_types: list[str]
    next_step: str | None = Field(description="the most likely one")
    closes_with_step: bool | None


async def list_calls(evidence: Evidence, material: Material) -> tuple[str, list[CallLine]]:
    """The text and the data of a list of calls."""
    talks = {talk.call.id: talk for talk in material.conversations}
    prose = {talk.call.id: talk for talk in material.prose}
    lines: list[CallLine] = []
    texts: list[str] = []
    for call in material.calls:
        await anyio.lowlevel.checkpoint()
        talk = talks.get(call.id)
        if talk is None:
            line, text = _summary_line(prose[call.id]) if call.id in prose else _bare_line(call)
        else:
            line, text = _read_line(evidence, talk) if is_english(call) else _foreign_line(talk)
        lines.append(line)
        texts.append(text)
    shown = texts[:_SHOWN]
    days = [call.started.date().isoformat() for call in material.calls]
    head = f"**{len(material.calls)} calls, {days[-1]} to {days[0]}**"
    return "\n".join([head, *_stands_out(lines), "", *shown, *more(len(texts), len(shown))]), lines


def _bare_line(call: Call) -> tuple[CallLine, str]:
    line = CallLine(call=call_row(call), seller_share=None, objection_types=[], next_step=None, closes_with_step=None)
    return line, f"- {_frame(call)}: not read"


def _summary_line(talk: Conversation) -> tuple[CallLine, str]:
    line, _ = _bare_line(talk.call)
    return line, f"- {_frame(talk.call)}: from its written summary: {quote(' '.join(it.text for it in talk.lines))}"


def _foreign_line(talk: Conversation) -> tuple[CallLine, str]:
    """A call in another language: its shares and nothing that a cue list would have to find."""
    share = interaction_of(talk).company_share
    line, _ = _bare_line(talk.call)
    told = f"our side talks {percent(share)}; " if share is not None else ""
    text = f"- {_frame(talk.call)}: {told}in “{talk.call.language}”, so nothing else was looked for"
    return line.model_copy(update={"seller_share": share}), text


def _read_line(evidence: Evidence, talk: Conversation) -> tuple[CallLine, str]:
    objections, steps = objections_in(talk), next_steps_in(talk)
    share = interaction_of(talk).company_share
    several = sum(speaker.side == "internal" for speaker in talk.speakers) > 1
    closes = closes_with_step(talk, steps)
    types = list(dict.fromkeys(objection.type for objection in objections))
    _findings(evidence, talk, objections, steps)
    line = CallLine(
        call=call_row(talk.call),
        seller_share=share,
        objection_types=list(types),
        next_step=f"{steps[0].owner}: {steps[0].action}" if steps else None,
        closes_with_step=closes,
    )
    parts = [f"{'our side' if several else 'seller'} talks {percent(share)}"] if share is not None else []
    if types:
        parts.append(f"objections: {', '.join(types)}")
    parts.append(_step_text(talk, steps, closes=closes))
    return line, f"- {_frame(talk.call)}: {'; '.join(parts)}"


def _step_text(talk: Conversation, steps: Sequence[NextStep], *, closes: bool) -> str:
    if not steps:
        return "no next step found"
    due = f", due {steps[0].due.day.isoformat()}" if steps[0].due else ""
    late = "" if closes else " (none in the last 10 %)"
    owner = "both" if steps[0].owner == "both" else steps[0].owner
    return f"next: {owner} to {steps[0].action}{due} {reference(talk, steps[0].line)}{late}"


def _frame(call: Call) -> str:
    parts = [call.started.date().isoformat(), f"**{call.title}**"]
    if call.owner:
        parts.append(call.owner)
    parts += [f"{call.duration_s / 60:.0f} min", f"call {call.id}"]
    return " · ".join(parts)


def _findings(
    evidence: Evidence, talk: Conversation, objections: Sequence[Objection], steps: Sequence[NextStep]
) -> None:
    about = talk.call.account or talk.call.title
    day = talk.call.started.date().isoformat()
    for objection in objections[:2]:
        evidence.candidate(
            f"{about}, {day}: possible {objection.type} objection ({', '.join(objection.handled)})",
            talk,
            objection.lines,
            objection.confidence,
        )
    for step in steps[:1]:
        evidence.candidate(
            f"{about}, {day}: next step, {step.owner}: {step.action}", talk, [step.line], step.confidence
        )


def _stands_out(lines: Sequence[CallLine]) -> list[str]:
    read = [line for line in lines if line.closes_with_step is not None]
    points: list[str] = []
    types = Counter(type_ for line in read for type_ in line.objection_types)
    if types:
        top = sorted(types.items(), key=lambda item: (-item[1], item[0]))[:3]
        points.append(
            "objections came up most about " + ", ".join(f"{kind} ({n} call{'s' * (n > 1)})" for kind, n in top)
        )
    unclosed = [line for line in read if not line.closes_with_step]
    if unclosed:
        points.append(f"{len(unclosed)} of {len(read)} calls end without a next step in the last 10 %")
    spoken = [line for line in read if line.seller_share is not None]
    if len(spoken) > 1:
        most = max(spoken, key=lambda line: line.seller_share or 0)
        points.append(f"our side talks most on {most.call.title} ({percent(most.seller_share or 0)})")
    return [f"Stands out: {'; '.join(points)}."] if points else []
