"""The words of the calls in scope, fetched side by side.

A transcript that cannot be read costs its own call and is told; only when none can be read the run fails. What a
tool reads is bounded: the newest calls first, and a note says how many were left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import anyio
import anyio.lowlevel

from agents.analysis.calls.conversation import Conversation, join
from agents.sources import Call, CallSource, SourceError, Transcript

__all__ = ["Reading", "noted", "read"]

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Reading:
    """The conversations that could be read, in the order of the calls; `unread` are calls without words."""

    conversations: tuple[Conversation, ...]
    unread: tuple[Call, ...]
    notes: tuple[str, ...]


async def read(source: CallSource, calls: Sequence[Call], limit: int) -> Reading:
    """Read up to `limit` calls. Raises SourceError if the source fails for every one of them."""
    chosen = calls[:limit]
    answers: dict[str, Transcript | SourceError | None] = {}
    slots = anyio.CapacityLimiter(_AT_ONCE)

    async def fetch(call: Call) -> None:
        async with slots:
            try:
                answers[call.id] = await source.transcript(call.id)
            except SourceError as error:
                answers[call.id] = error

    async with anyio.create_task_group() as tasks:
        for call in chosen:
            tasks.start_soon(fetch, call)

    failures = [answer for answer in answers.values() if isinstance(answer, SourceError)]
    if failures and len(failures) == len(chosen):
        raise failures[0]
    conversations: list[Conversation] = []
    unread: list[Call] = []
    notes: list[str] = []
    for call in chosen:
        await anyio.lowlevel.checkpoint()
        answer = answers[call.id]
        if isinstance(answer, Transcript) and answer.sentences:
            conversations.append(join(call, answer))
            continue
        unread.append(call)
        why = _why(answer)
        notes.append(f"Call {call.id} ({call.title}) could not be read: {why}{'' if why.endswith('.') else '.'}")
    if len(calls) > limit:
        notes.append(f"Only the {limit} newest of {len(calls)} calls were read; narrow the period to see others.")
    notes.extend(noted(conversations))
    return Reading(tuple(conversations), tuple(unread), tuple(notes))


def _why(answer: Transcript | SourceError | None) -> str:
    if isinstance(answer, SourceError):
        return answer.message
    return "it has no transcript" if answer is None else "its transcript is empty"


def noted(conversations: Sequence[Conversation]) -> list[str]:
    """The notes of the conversations; with several, each says which call it is about."""
    if len(conversations) == 1:
        return list(conversations[0].notes)
    return [f"Call {talk.call.id}: {note}" for talk in conversations for note in talk.notes]
