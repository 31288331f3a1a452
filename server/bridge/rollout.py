"""The steps of a rollout: pure, from one `Rollout` to the next, and refused where a step makes no sense.

    start -> advance -> advance -> complete
               |  ^
          hold v  | resume             roll_back from anywhere, after which only start leads on

To end a rollout is no step: then the tool has none, and what decided before it decides again.

A stage is left upwards only when its gates have passed, or with a reason in writing that is kept with the change. Down
is always allowed: to take calls back needs no proof. At 100 % downstream gets no calls, so only the gates that look at
the agent alone count there; the comparison was won at the stages before. A complete rollout is a held one at 100 %:
there is nowhere to go, and a breach still takes it back, as it does from every hold.

Evidence is of one stage: a greater share is another load, and what was fine for a tenth of the
calls says little about all of them. The salt stays through a rollout, so whoever has the agent keeps it and more users
join. A start after a rollback takes a new salt: the same first tenth would otherwise be the ones to try every attempt,
and the gates would judge the new agent by the users that the old one was judged by. It begins without evidence, since
what was measured was another agent.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from server.bridge.gates import AGAINST_DOWNSTREAM, Gate, wanting
from server.bridge.policy import Rollout
from server.errors import RolloutRefused

__all__ = [
    "Advance",
    "Complete",
    "Hold",
    "RollBack",
    "Step",
    "advance",
    "asked",
    "complete",
    "hold",
    "next_stage",
    "restored",
    "resume",
    "roll_back",
    "start",
    "verdict",
]

ALL = 100


@dataclass(frozen=True, slots=True)
class Advance:
    """The next stage is earned; who may take it, the rollout's `automatic` says."""

    percent: int


@dataclass(frozen=True, slots=True)
class Hold:
    """It stays where it is, for these reasons."""

    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RollBack:
    """A gate is breached: take it back now."""

    why: str


@dataclass(frozen=True, slots=True)
class Complete:
    """Every call is the agent's, and what can be judged there has passed."""


Step = Advance | Hold | RollBack | Complete


def verdict(rollout: Rollout, gates: Sequence[Gate], stages: Sequence[int], *, watched: bool = False) -> Step:
    """What the gates of its stage mean for a rollout. `watched`: shadow runs give them something to judge by at 0 %."""
    if rollout.state == "rolled_back":
        return Hold((f"it was rolled back: {rollout.why}",))
    breached = _breached(gates)
    if breached:
        return RollBack("; ".join(f"{gate.name}: {gate.said}" for gate in breached))
    if rollout.state == "held":
        return Hold((f"it is held: {rollout.why}",))
    missing = _missing(rollout, gates, watched=watched)
    if missing:
        return Hold((wanting(missing),))
    upwards = next_stage(rollout.percent, stages)
    return Complete() if upwards is None else Advance(upwards)


def asked(rollout: Rollout, gates: Sequence[Gate], *, watched: bool = False) -> Sequence[Gate]:
    """The gates that have to pass before a rollout may leave its stage, or be complete."""
    if rollout.percent == 0 and not watched:
        return ()
    return [gate for gate in gates if rollout.percent < ALL or gate.name not in AGAINST_DOWNSTREAM]


def next_stage(percent: int, stages: Sequence[int]) -> int | None:
    """The stage after this percent; None at 100. The stages of a configuration may end below: 100 is always the last."""
    if percent >= ALL:
        return None
    return min((stage for stage in stages if stage > percent), default=ALL)


def start(
    current: Rollout | None,
    stages: Sequence[int],
    salt: str,
    now: float,
    *,
    to: int | None = None,
    automatic: bool = False,
    accept_insufficient: str | None = None,
) -> Rollout:
    """Begin at the first stage, or below it; further up only with a reason."""
    if current is not None and current.state != "rolled_back":
        raise RolloutRefused(
            f"It is already under rollout, at {current.percent} %: advance it, or end it before you start again."
        )
    if current is not None and current.salt == salt:
        raise RolloutRefused("A start after a rollback draws its users afresh: give it a new salt.")
    first = next_stage(0, stages) or ALL
    percent = _percent(first if to is None else to)
    if percent > first and not accept_insufficient:
        raise RolloutRefused(
            f"A rollout starts at {first} %, where the agent is tried on few. Start there, or add --accept-insufficient "
            f"and --why {percent} % of the users should have an agent that nothing is known about."
        )
    accepted = (accept_insufficient or "") if percent > first else ""
    return Rollout(percent, salt, "running", now, now, automatic, _accepted(accepted), accepted)


def advance(
    rollout: Rollout,
    gates: Sequence[Gate],
    stages: Sequence[int],
    now: float,
    *,
    to: int | None = None,
    accept_insufficient: str | None = None,
) -> Rollout:
    """Move to the next stage, when the gates have passed or with a reason; or back to any lower percent."""
    if rollout.state == "rolled_back":
        raise RolloutRefused(f"It was rolled back ({rollout.why}): start it again once the cause is gone.")
    upwards = next_stage(rollout.percent, stages)
    percent = _percent(to if to is not None else upwards if upwards is not None else ALL)
    if percent == rollout.percent:
        raise RolloutRefused(f"It stands at {percent} % already.")
    if percent < rollout.percent:
        return replace(rollout, percent=percent, since=now, why=f"stepped back from {rollout.percent} %", accepted="")
    if rollout.state == "held":
        raise RolloutRefused(f"It is held ({rollout.why}): resume it first.")
    breached = _breached(gates)
    if breached:
        raise RolloutRefused(
            f"A gate is breached, and no reason carries an agent over that: {_lines(breached)} Roll it back."
        )
    why, accepted = _earned(rollout, gates, upwards, percent, accept_insufficient)
    return replace(rollout, percent=percent, since=now, why=why, accepted=accepted)


def hold(rollout: Rollout, why: str) -> Rollout:
    """Keep it at its stage whatever the gates say, breaches apart."""
    if rollout.state != "running":
        raise RolloutRefused(f"Only a running rollout can be held; this one is {_state(rollout)} ({rollout.why}).")
    return replace(rollout, state="held", why=why)


def resume(rollout: Rollout) -> Rollout:
    """Let it go on from its stage, with the evidence it has."""
    if rollout.state == "rolled_back":
        raise RolloutRefused(f"It was rolled back ({rollout.why}): start it again once the cause is gone.")
    if rollout.state == "running":
        raise RolloutRefused("It is running: there is nothing to resume.")
    return replace(rollout, state="running", why=_accepted(rollout.accepted))


def roll_back(rollout: Rollout, why: str, now: float) -> Rollout:
    """Give every call back to downstream. The percent it had reached stays on record."""
    if rollout.state == "rolled_back":
        raise RolloutRefused(f"It was rolled back already ({rollout.why}): agno serves none of its calls.")
    return replace(rollout, state="rolled_back", since=now, why=why)


def restored(
    tool: str,
    current: Rollout | None,
    then: Rollout,
    stages: Sequence[int],
    *,
    accept_insufficient: str | None = None,
) -> Rollout:
    """What an earlier rollout is when it is brought back: as it was, but past the next stage only with a reason."""
    share = 0 if current is None else current.share
    stage = next_stage(share, stages) or ALL
    if then.share <= stage:
        return then
    if not accept_insufficient:
        raise RolloutRefused(
            f"That would take `{tool}` from {share if current else 'no rollout'}{' %' if current else ''} to "
            f"{then.share} %, past its next stage of {stage} %: add --accept-insufficient and --why."
        )
    return replace(then, accepted=accept_insufficient)


def complete(rollout: Rollout, gates: Sequence[Gate]) -> Rollout:
    """End a rollout that stands at 100 % with passed gates. It stays there, and a breach still takes it back."""
    if rollout.state != "running" or rollout.percent != ALL:
        raise RolloutRefused(
            f"Only a running rollout at 100 % can be completed; this one is {_state(rollout)} at {rollout.percent} %."
        )
    missing = _missing(rollout, gates)
    if missing:
        raise RolloutRefused(f"Not every gate has passed at 100 %: it {wanting(missing)}. Wait, or hold it here.")
    return replace(rollout, state="held", why="complete: every gate has passed at 100 %")


def _earned(
    rollout: Rollout, gates: Sequence[Gate], upwards: int | None, percent: int, accept_insufficient: str | None
) -> tuple[str, str]:
    """Why it may go up to this percent, for the record, and the reason that stands in for evidence, if any."""
    skipped = upwards is not None and percent > upwards
    missing = _missing(rollout, gates)
    if not missing and not skipped:
        return ("every gate has passed" if rollout.percent else ""), ""
    if accept_insufficient:
        return _accepted(accept_insufficient), accept_insufficient
    if missing:
        raise RolloutRefused(
            f"Not every gate has passed at {rollout.percent} %: it {wanting(missing)}. "
            "Wait for more calls, or go on with --accept-insufficient and --why."
        )
    raise RolloutRefused(
        f"The next stage is {upwards} %. Advance to it, or skip it with --accept-insufficient and --why."
    )


def _accepted(reason: str) -> str:
    return f"accepted without sufficient evidence: {reason}" if reason else ""


def _missing(rollout: Rollout, gates: Sequence[Gate], *, watched: bool = False) -> list[Gate]:
    """The gates that have to pass at this stage and have not. At 0 % no call could have been judged, unless `watched`."""
    if rollout.percent == 0 and not watched:
        return []
    if not gates:
        return [Gate("gates", "open", "nothing was measured at this stage yet")]
    return [gate for gate in asked(rollout, gates, watched=watched) if gate.verdict != "passed"]


def _breached(gates: Sequence[Gate]) -> list[Gate]:
    return [gate for gate in gates if gate.verdict == "breached"]


def _lines(gates: Sequence[Gate]) -> str:
    return "; ".join(f"{gate.name}: {gate.said}" for gate in gates) + "."


def _state(rollout: Rollout) -> str:
    return rollout.state.replace("_", " ")


def _percent(percent: int) -> int:
    if not 0 <= percent <= ALL:
        raise RolloutRefused(f"{percent} % is no share of the users: give a number from 0 to 100.")
    return percent
