"""Route: exactly one member answers, in its own words, and the answer says why it was chosen."""

from dataclasses import replace

from agents.outcome import Answered, Failed, Outcome
from teams.together import credit, data_of
from teams.way import Member, Together, Way

__all__ = ["WAY"]


def settle(run: Together) -> Outcome:
    """The outcome of the one member that was handed the request; a leader's own words are never the answer."""
    by_id = {member.spec.id: member for member in run.members if member.outcome is not None}
    chosen = next((by_id[name] for name in run.order if name in by_id), None) or next(iter(by_id.values()), None)
    if chosen is None:
        return Failed("model", f"The leader of {run.title} handed the request to no member. Ask a member itself.")
    reason = run.reasons.get(chosen.spec.id) or "the leader chose it"
    share = credit(chosen, reason)
    match chosen.outcome:
        case Answered() as answered:
            beside = [member.spec.title for member in by_id.values() if member is not chosen]
            note = (f"The leader also asked {', '.join(beside)}; only the first answers.",) if beside else ()
            return replace(
                answered, data=data_of([chosen]), members=(share,), notes=(*answered.notes, *note), model=chosen.model
            )
        case Failed(kind=kind, message=message):
            return Failed(kind, f"{title(chosen)} was chosen and failed: {message}", wrote(run), (share,))
        case None:  # `by_id` holds none of these
            return Failed("internal", f"{title(chosen)} gave no answer.")


def title(member: Member) -> str:
    return member.spec.title


def wrote(run: Together) -> bool:
    return any(member.ledger.wrote for member in run.members)


WAY = Way(
    name="route",
    mode="route",
    instructions=(
        "Hand the request to exactly one member. Before you do, say in one short sentence without figures why this one.",
    ),
    settle=settle,
    speaks="member",
    verbatim=True,
)
