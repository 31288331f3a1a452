"""Phase 5, gradual traffic: each tool goes from stage to stage as its gates pass, or is left where it stands.

What holds is the policy in the store, read anew at every look: an operator, another process or a breached gate may have
acted meanwhile. A rollout is this deployment's where it has the salt that stands in the progress; one of these that was
rolled back was taken back by a gate or by somebody, and is not begun again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from server.bridge.gates import AGAINST_DOWNSTREAM
from server.bridge.policy import Rollout
from server.bridge.rollout import Advance, Complete, Hold, RollBack, advance, complete, hold, resume, roll_back, start
from server.consequences import consequences
from server.deployment.progress import PhaseRecord, Progress
from server.deployment.work import PhaseFailed, PhaseHeld, Work
from server.errors import RolloutRefused
from server.generation import NOTHING_SET, rollouts_of
from server.operations import By, Step, What
from server.standing import Standing, standing
from server.state.database import StoreError
from server.state.policies import Conflict, Version
from server.state.store import Store

__all__ = ["HELD_BY_US", "at_work", "held_back", "is_complete", "moved", "taken_back"]

HELD_BY_US = "the deployment failed: "
COMPLETE = "complete"
LOOKED_BACK = 100
"""Versions of a tool; a deployment makes a handful of them."""


@dataclass(frozen=True, slots=True)
class _Move:
    """A step to take now, and what is said of it."""

    step: Step
    why: str


async def moved(work: Work, record: PhaseRecord) -> None:
    """Until every tool is at 100 % with passed gates. Raises PhaseFailed, or PhaseHeld when a stage has waited enough."""
    waits = _Waits(work)
    while True:
        stands = {name: _look(work, name, record, waits) for name in work.plan.tools}
        left = [name for name, stand in stands.items() if stand != "complete"]
        if not left:
            return
        if "moved" in stands.values():
            continue
        waits.check(left)
        await work.pause(work.now().configuration.agno.rollout.evaluate_every_s)


class _Waits:
    """How long each tool has waited at its stage in this sitting, and what for."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._since: dict[str, tuple[object, float]] = {}
        self._missing: dict[str, str] = {}

    def note(self, tool: str, stage: object, lacks: str) -> None:
        """A tool still waits at this stage."""
        if self._since.get(tool, (None,))[0] != stage:
            self._since[tool] = (stage, self._work.clock())
        self._missing[tool] = lacks
        self._work.watch.status(self._said())

    def puzzled(self, tool: str, why: str) -> None:
        """A tool could not be looked at, or not be moved; that takes nothing from the time it has waited."""
        self._since.setdefault(tool, (None, self._work.clock()))
        self._missing.setdefault(tool, "a stage that is not known")
        self._work.watch.status(f"{tool}: not moved at this look ({why})")

    def ended(self, tool: str) -> None:
        """A tool waits no more."""
        self._since.pop(tool, None)
        self._missing.pop(tool, None)

    def check(self, left: Sequence[str]) -> None:
        """Raise PhaseHeld once every tool that is left has waited long enough."""
        minutes, now = self._work.plan.wait_minutes, self._work.clock()
        if all(name in self._since and now - self._since[name][1] >= minutes * 60 for name in left):
            raise PhaseHeld(f"waited {minutes:g} minutes for more evidence ({self._said()})")

    def _said(self) -> str:
        return "; ".join(f"{name} at {lacks}" for name, lacks in self._missing.items())


def _look(work: Work, name: str, record: PhaseRecord, waits: _Waits) -> Literal["waits", "moved", "complete"]:
    """Look at one tool and take the step that it has earned. Raises PhaseFailed."""
    try:
        newest = work.store.policies.latest() or NOTHING_SET
        rollout = rollouts_of(newest).get(name)
        if rollout is not None and rollout.salt == work.progress.salts[name] and is_complete(rollout):
            waits.ended(name)
            return "complete"
        move = _next(work, name, rollout, waits)
        if move is None:
            return "waits"
        by = replace(work.by(move.why), seen=newest.number)
        version = work.operations.move([name], move.step, by, "rollout")
    except (Conflict, RolloutRefused, StoreError) as error:
        waits.puzzled(name, str(error))
        return "waits"
    waits.ended(name)
    after = rollouts_of(version)[name]
    work.say(record, f"{name}: {after.share} % from version {version.number} on: {move.why}")
    if after.state == "rolled_back":
        raise PhaseFailed(f"{name} was taken back: {move.why}")
    return "moved"


def _next(work: Work, name: str, rollout: Rollout | None, waits: _Waits) -> _Move | None:
    """The step to take, None to wait. Raises PhaseFailed, StoreError."""
    salt, stages = work.progress.salts[name], work.now().configuration.agno.rollout.stages
    if rollout is None:
        _not_ended(work, name)
    if rollout is None or (rollout.salt != salt and rollout.state == "rolled_back"):
        return _Move(lambda current, at: start(current, stages, salt, at), "the first stage begins")
    if rollout.salt != salt:
        raise PhaseFailed(
            f"{name} is under a rollout that somebody else began, and is left alone; "
            f"`sophia policy history --tool {name}` shows who it was"
        )
    if rollout.state == "rolled_back":
        raise PhaseFailed(f"{name} was taken back at {rollout.percent} %: {rollout.why}")
    if rollout.state == "held":
        if rollout.why.startswith(HELD_BY_US):
            return _Move(lambda _, __: resume(rollout), "the deployment goes on")
        waits.note(name, ("held", rollout.percent), f"{rollout.percent} %, on hold ({rollout.why})")
        return None
    return _judged(standing(name, rollout, work.now(), work.store.tallies), stages, waits)


def _not_ended(work: Work, name: str) -> None:
    """Raise PhaseFailed where this deployment's rollout had begun and was ended: somebody meant that."""
    salt, newest_first = work.progress.salts[name], work.store.policies.history(LOOKED_BACK, name)
    held = [rollouts_of(version).get(name) for version in newest_first]
    if any(one is not None and one.salt == salt for one in held):
        raise PhaseFailed(f"the rollout of {name} was ended by {newest_first[0].who}, and is not begun again")


def _judged(one: Standing, stages: Sequence[int], waits: _Waits) -> _Move | None:
    """What the gates make of a rollout that runs."""
    rollout = one.rollout
    match one.step:
        case RollBack(why):
            return _Move(lambda _, at: roll_back(rollout, why, at), why)
        case Advance(percent):
            passed = f"every gate has passed at {rollout.percent} %"
            return _Move(lambda _, at: advance(rollout, one.gates, stages, at, to=percent), passed)
        case Complete():
            return _Move(lambda _, __: complete(rollout, one.gates), "every gate has passed at 100 %")
        case Hold():
            waits.note(one.tool, rollout.percent, lacking(one))
            return None


def lacking(one: Standing) -> str:
    """What a stage waits for, in one line. At 100 % downstream has no arm to be compared with."""
    last = one.rollout.percent == 100
    asked = [gate for gate in one.gates if not (last and gate.name in AGAINST_DOWNSTREAM)]
    waiting = [gate for gate in asked if gate.verdict != "passed"]
    more = max((gate.needs_calls or 0 for gate in waiting), default=0)
    wanted = f", about {more:,} more calls on agno would tell" if more else ""
    other = "" if last else f", downstream {one.downstream.calls:,} of {one.downstream.users:,}"
    return (
        f"{one.rollout.percent} %: agno has {one.agno.calls:,} calls of {one.agno.users:,} users{other}; "
        f"{len(waiting)} of {len(asked)} gates open{wanted}"
    )


def is_complete(rollout: Rollout) -> bool:
    """Whether it stands at 100 % and was judged there."""
    return rollout.state == "held" and rollout.percent == 100 and rollout.why.startswith(COMPLETE)


def at_work(store: Store, progress: Progress) -> Mapping[str, Rollout]:
    """The rollouts of a deployment that serve callers now."""
    held = rollouts_of(store.policies.latest() or NOTHING_SET)
    return {
        name: held[name]
        for name, salt in progress.salts.items()
        if name in held and held[name].salt == salt and held[name].state != "rolled_back"
    }


def taken_back(work: Work, why: str) -> Sequence[str]:
    """Take every tool of this deployment back, in one version; what was done, in lines. Raises Conflict, StoreError."""
    before = work.store.policies.latest() or NOTHING_SET
    ours = list(at_work(work.store, work.progress))
    done = _all_moved(work, ours, lambda one, at: roll_back(one, why, at), work.by(why), "rollback")
    if done is None:
        return ()
    return [*done.difference, *consequences(before, done, work.now())]


def held_back(work: Work, why: str) -> Sequence[str]:
    """Leave every tool of this deployment at its stage, on hold. Raises Conflict, StoreError."""
    running = [name for name, one in at_work(work.store, work.progress).items() if one.state == "running"]
    done = _all_moved(work, running, lambda one, _: hold(one, f"{HELD_BY_US}{why}"), work.by(why), "rollout")
    return () if done is None else done.difference


def _all_moved(
    work: Work, tools: Sequence[str], deed: Callable[[Rollout, float], Rollout], by: By, what: What
) -> Version | None:
    def step(current: Rollout | None, at: float) -> Rollout:
        if current is None:
            raise RolloutRefused("It is under no rollout any more.")
        return deed(current, at)

    return work.operations.move(tools, step, by, what) if tools else None
