"""What a team's run comes to when its members' answers are put together: the ways but `route` share this.

A member that failed makes the answer partial and is named with the reason; if all that were asked failed, so did the
team. Everything but the leader's prose comes from the members' ledgers, in the order of the team.
"""

from collections.abc import Mapping, Sequence
from typing import cast

from pydantic import JsonValue

from agents.outcome import Answered, Failed, Outcome
from agents.result import MemberShare
from agents.verdict import NO_PROSE, REMOVED, collect, payloads, said
from teams.way import Member, Together

__all__ = ["combine", "credit", "data_of"]

NOBODY = "The leader asked no member, so this answer rests on no source."


def combine(run: Together) -> Outcome:
    """The leader's prose over all that the members found."""
    asked = [member for member in run.members if member.outcome is not None]
    shares = tuple(credit(member, run.reasons.get(member.spec.id)) for member in asked)
    failed = [(member, member.outcome) for member in asked if isinstance(member.outcome, Failed)]
    wrote = any(member.ledger.wrote for member in run.members)
    if asked and len(failed) == len(asked):
        reasons = " ".join(f"{member.spec.title}: {failure.message}" for member, failure in failed)
        return Failed(failed[0][1].kind, f"No member of {run.title} could answer. {reasons}", wrote, shares)
    found = collect(member.ledger for member in asked)
    notes = [
        *found.notes,
        *(f"{member.spec.title} could not answer: {failure.message}" for member, failure in failed),
    ]
    answers = [member.outcome for member in asked if isinstance(member.outcome, Answered)]
    notes += [note for answer in answers for note in answer.notes]
    notes += [] if asked else [NOBODY]
    notes += [] if run.prose else [NO_PROSE]
    notes += [REMOVED] if run.prose and run.dropped_sentences else []
    return Answered(
        answer=run.prose or fallback(asked),
        model=run.model,
        findings=found.findings,
        citations=found.citations,
        data=data_of(asked),
        notes=tuple(dict.fromkeys(notes)),
        members=shares,
        partial=bool(failed) or not asked or not run.prose or any(answer.partial for answer in answers),
        dropped_findings=found.dropped,
        dropped_sentences=run.dropped_sentences,
        wrote=wrote,
    )


def credit(member: Member, reason: str | None = None) -> MemberShare:
    """What a member gave, or why it gave nothing."""
    match member.outcome:
        case Failed(message=message):
            return MemberShare(id=member.spec.id, status="failed", reason=message)
        case _:
            findings = len(collect((member.ledger,)).findings)
            return MemberShare(id=member.spec.id, status="answered", reason=reason, findings=findings)


def data_of(members: Sequence[Member]) -> Mapping[str, JsonValue]:
    """The payloads by member and tool."""
    return {member.spec.id: cast("JsonValue", payloads(member.ledger)) for member in members}


def fallback(members: Sequence[Member]) -> str:
    """What the members' tools found, for want of a leader's prose."""
    parts = [f"## {member.spec.title}\n\n" + "\n\n".join(said(member.ledger)) for member in members]
    return "\n\n".join(parts) or NO_PROSE
