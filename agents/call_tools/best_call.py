"""`best_call`: the calls to listen to together: where an objection of one kind was handled well, shown word for word.

"Well" is what can be pointed at: acknowledged, explored with a question, answered, the customer sounding content
afterwards, and a next step at the end. It is about a moment on a call, not about the person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from pydantic import Field

from agents.analysis.calls.cues import ObjectionType
from agents.analysis.calls.next_steps import closes_with_step
from agents.analysis.calls.objections import Objection
from agents.call_tools.coaching_points import CoachedCall, coached
from agents.call_tools.coaching_scope import RepParameters, gather_calls, subject_of
from agents.call_tools.evidence import Evidence, headline, more
from agents.call_tools.material import CallRow, call_row, one_by_one
from agents.call_tools.objections import ObjectionView, objection_text, view_objection
from agents.result import Record
from agents.sources import Sources
from agents.tool import Observation, Tool

__all__ = ["BEST_CALL"]

_SHOWN = 3
_SCORE = (
    "acknowledged 1, asked 1, answered 1, the customer sounds content afterwards 1, the call ends with a next step 1"
)


class BestCallParameters(RepParameters):
    """Which calls, and for which kind of objection."""

    objection: ObjectionType | None = Field(
        default=None, description=f"kind of objection: {', '.join(get_args(ObjectionType))}; any kind where left out"
    )


class Moment(Record):
    """One objection and its handling."""

    call: CallRow
    score: int = Field(description="0 to 5, see `scoring`")
    closes_with_step: bool
    objection: ObjectionView


class BestCallData(Record):
    """The best moments, best first."""

    objection: str | None
    scoring: str
    calls_read: int
    moments: list[Moment]


@dataclass(frozen=True, slots=True)
class _Found:
    call: CoachedCall
    objection: Objection
    closes: bool

    @property
    def score(self) -> int:
        done = {"acknowledged", "asked", "answered"} & set(self.objection.handled)
        return len(done) + (self.objection.relief is not None) + self.closes


async def _run(sources: Sources, parameters: BestCallParameters) -> Observation:
    subject = await subject_of(sources, parameters)
    material = await gather_calls(sources, subject)
    found: list[_Found] = []
    async for talk in one_by_one(material.conversations):
        call = coached(talk)
        closes = closes_with_step(talk, call.steps)
        found += [_Found(call, one, closes) for one in call.objections if parameters.objection in (None, one.type)]
    best = _one_per_call(sorted(found, key=lambda item: (-item.score, -item.objection.confidence)))
    evidence = Evidence()
    moments = [_moment(evidence, item) for item in best]
    data = BestCallData(
        objection=parameters.objection, scoring=_SCORE, calls_read=len(material.conversations), moments=moments
    )
    text = material.nothing or _text(data, best)
    return Observation(text, data, evidence.findings, evidence.citations, material.notes)


def _one_per_call(found: Sequence[_Found]) -> list[_Found]:
    seen: dict[str, _Found] = {}
    for item in found:
        seen.setdefault(item.call.talk.call.id, item)
    return list(seen.values())


def _moment(evidence: Evidence, item: _Found) -> Moment:
    talk = item.call.talk
    statement = f"{talk.call.title}: a possible {item.objection.type} objection, {', '.join(item.objection.handled)}"
    lines = [*item.objection.lines, *item.objection.telling]
    evidence.candidate(statement, talk, lines, item.objection.confidence)
    return Moment(
        call=call_row(talk.call),
        score=item.score,
        closes_with_step=item.closes,
        objection=view_objection(evidence, talk, item.objection),
    )


def _text(data: BestCallData, best: Sequence[_Found]) -> str:
    kind = f"{data.objection} objection" if data.objection else "objection"
    if not best:
        return (
            f"**No possible {kind} was found in {data.calls_read} transcripts.** That is no proof that there was none: "
            "the cue lists are short."
        )
    lines = [f"**Best calls to share on a {kind}**, out of {len(best)} calls with one:"]
    for item in best[:_SHOWN]:
        lines += [headline(item.call.talk), objection_text(item.call.talk, item.objection)]
        lines.append(f"  - scores {item.score} of 5" + (", ends with a next step" if item.closes else ""))
    lines += more(len(best), min(len(best), _SHOWN))
    lines.append(f"\nScore: {data.scoring}.")
    return "\n".join(lines)


BEST_CALL = Tool(
    name="best_call",
    description=(
        "The calls on which an objection of one kind (price, timing, competitor ...) was handled best, word for word, to "
        "share with the team."
    ),
    cues=(
        "best call", "best calls", "call to share", "calls to share", "best example", "good example", "top calls",
        "best practices", "model call", "to share with the team", "what good looks like", "handled best",
    ),
    parameters=BestCallParameters,
    data=BestCallData,
    needs="calls",
    run=_run,
)  # fmt: skip
