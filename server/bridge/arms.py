"""How the arms of a rollout did: by tool, rollout, stage and arm, counted here and added up over all processes.

A call counts for the arm it was drawn into, with how that arm's own route did, before a fallback hides a failure. The
two runs of a shadow pair count under the same arms, told apart by `how`: they were not drawn, and gates take them in
where policy says so. Whoever evaluates gates asks the store for a rollout's arms when they are needed; no other process
has any use for them.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from server.bridge.arm_evidence import ArmEvidence
from server.bridge.decision import Route
from server.errors import CallerDeadline, CallerError, NotThere
from server.state.tallies import Tallies, Tally

__all__ = ["Arm", "Arms", "Counted", "How", "load_arms", "stage_of"]

KIND = "arm"
KEPT_S = 90 * 86_400.0
"""A stage that holds may hold for long, and what it has seen must not run out under it."""
MOST_ARMS = 256

UNAVAILABLE = "unavailable"
"""The kind of failure of an arm whose route could not serve when the call came."""

OF_THE_CALLER = (CallerError, CallerDeadline, NotThere)
"""Failures that say nothing of an arm: the other one would have ended like this."""

KINDS_OF_THE_CALLER = frozenset(error.kind for one in OF_THE_CALLER for error in (one, *one.__subclasses__()))
"""The same by name, as the decision log has them."""

How = Literal["drawn", "shadow"]


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm of one stage of one tool's rollout, which its salt names."""

    tool: str
    salt: str
    percent: int
    route: Route
    how: How = "drawn"


@dataclass(frozen=True, slots=True)
class Counted:
    """How one call counts for its arm: failed with this kind of error, or else answered after `took_ms`.

    It is kept with the decision, so that whoever reads the log counts as the gates do.
    """

    took_ms: float | None
    error: str | None


class Arms:
    """What this process saw of arms. Recording costs microseconds; `server.bridge.tallied` keeps it in the store.

    Of the `MOST_ARMS` arms that were recorded last, that is: stages that are over are in the store.
    """

    def __init__(self) -> None:
        self._own: OrderedDict[Arm, ArmEvidence] = OrderedDict()
        self._unsaved: set[Arm] = set()

    def record(
        self, arm: Arm, unit: str, latency_ms: float | None, error: str | None, target_ms: float | None = None
    ) -> None:
        """Note how a call did on its arm: answered after `latency_ms`, or failed with this kind of error.

        What failed by the caller's own doing, or went away with the caller, is not for here: it says nothing of an arm.
        """
        evidence = self._own.get(arm)
        if evidence is None:
            evidence = self._own[arm] = ArmEvidence()
            while len(self._own) > MOST_ARMS:
                gone, _ = self._own.popitem(last=False)
                self._unsaved.discard(gone)
        else:
            self._own.move_to_end(arm)
        evidence.add(unit, latency_ms, error, target_ms)
        self._unsaved.add(arm)

    @property
    def kinds(self) -> Mapping[str, float]:
        """The kind of rows, and how long one counts in seconds."""
        return {KIND: KEPT_S}

    @property
    def shared(self) -> frozenset[str]:
        """None: `load_arms` reads them when they are needed."""
        return frozenset()

    def unsaved(self, kind: str) -> dict[str, Any]:
        """The arms that changed since they were last asked for."""
        changed, self._unsaved = self._unsaved, set()
        return {_name(arm): self._own[arm].to_json() for arm in changed}

    def unsave(self, kind: str, names: Sequence[str]) -> None:
        """These could not be written: they count as changed."""
        self._unsaved |= {arm for arm in map(_arm, names) if arm in self._own}

    def take_others(self, kind: str, rows: Sequence[Tally]) -> None:
        """Nothing is shared."""


def load_arms(
    tallies: Tallies, tool: str, salt: str, clock: Callable[[], float] = time.time
) -> Mapping[Arm, ArmEvidence]:
    """The arms of a tool's rollout as all processes kept them, at every stage so far. Reads the store."""
    arms: dict[Arm, ArmEvidence] = {}
    for row, (arm, evidence) in tallies.read(KIND, f"{salt}/", _kept):
        if arm.tool == tool and row.at >= clock() - KEPT_S:
            arms.setdefault(arm, ArmEvidence()).merge(evidence)
    return arms


def _kept(row: Tally) -> tuple[Arm, ArmEvidence]:
    return _arm(row.name), ArmEvidence.from_json(row.content)


def stage_of(
    arms: Mapping[Arm, ArmEvidence], percent: int, how: Sequence[How] = ("drawn", "shadow")
) -> Mapping[Route, ArmEvidence]:
    """Both arms of one stage; shadow pairs, which belong to no share, count at every stage."""
    stage: dict[Route, ArmEvidence] = {"agno": ArmEvidence(), "downstream": ArmEvidence()}
    for arm, evidence in arms.items():
        if arm.how in how and (arm.how == "shadow" or arm.percent == percent):
            stage[arm.route].merge(evidence)
    return stage


def _name(arm: Arm) -> str:
    return f"{arm.salt}/{arm.percent}/{arm.route}/{arm.how}/{arm.tool}"


def _arm(name: str) -> Arm:
    """The arm of a row. Raises ValueError where the name is none of an arm."""
    salt, percent, route, how, tool = name.split("/", 4)
    if route not in get_args(Route) or how not in get_args(How):
        raise ValueError(f"{route}/{how} is no arm")
    return Arm(tool, salt, int(percent), cast("Route", route), cast("How", how))
