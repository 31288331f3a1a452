"""The deeds on rollouts as operators ask for them, on the command line or over MCP: one way for both.

Whether a step makes sense is decided in `server.bridge.rollout`; here what was asked for meets the configuration and
what was measured.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from server.bridge.mapped_routes import MAPPED_ROUTES
from server.bridge.policy import Rollout
from server.bridge.rollout import advance, hold, restored, resume, start
from server.config import ConfigurationError
from server.errors import RolloutRefused
from server.generation import Generation
from server.nearest import nearest_hint
from server.operations import By, Operations, Step, rolled_back
from server.standing import standing
from server.state.policies import UnreadableVersion, Version
from server.state.tallies import Tallies

__all__ = [
    "NOT_UNDER_ROLLOUT",
    "Deed",
    "DeedName",
    "aborted",
    "check_movable",
    "check_other_route",
    "moved",
    "taken_back",
]

DeedName = Literal["start", "advance", "hold", "resume", "abort"]
EVERY_PERCENT = tuple(range(1, 101))
"""The stages where nobody can say which there are: what is brought back then grows by next to nothing without a reason."""
NEEDS_WHY = "--accept-insufficient needs a reason: add --why. It is kept in the history."
NOT_UNDER_ROLLOUT = "`{0}` is not under rollout: begin with `sophia rollout start {0}`."


@dataclass(frozen=True, slots=True)
class Deed:
    """A step that an operator asks for. None is what the configuration says."""

    name: DeedName
    tool: str
    why: str = ""
    to: int | None = None
    accept_insufficient: bool = False
    automatic: bool | None = None

    @property
    def accepted(self) -> str | None:
        """The reason why a gate that is open, or a stage that is skipped, is accepted."""
        return self.why if self.accept_insufficient else None


def check_movable(tool: str, now: Generation) -> None:
    """Raise RolloutRefused for a tool that cannot be moved."""
    if tool in now.movable:
        return
    known = ", ".join(f"`{name}`" for name in sorted(now.movable))
    if tool in now.own:
        raise RolloutRefused(f"`{tool}` has one route only, so there is nothing to move. Tools with two: {known}.")
    hint = nearest_hint(tool, now.movable)
    raise RolloutRefused(f"There is no tool `{tool[:100]}` that can be moved.{hint} Tools with two routes: {known}.")


def moved(operations: Operations, deed: Deed, now: Generation, tallies: Tallies, by: By) -> Version:
    """Take one step of a rollout. Raises RolloutRefused, Conflict, StoreError."""
    if deed.name == "abort":
        return aborted(operations, deed, by)
    check_movable(deed.tool, now)
    if deed.accept_insufficient and not deed.why:
        raise RolloutRefused(NEEDS_WHY)
    return operations.move([deed.tool], STEPS[deed.name](deed, now, tallies), by, "rollout")


def aborted(operations: Operations, deed: Deed, by: By) -> Version:
    """End a rollout. It needs no configuration. Raises as `moved` does."""
    return operations.move([deed.tool], lambda current, _: _ended(_under(deed, current)), by, "rollout")


def taken_back(
    operations: Operations,
    known: Callable[[], Generation],
    by: By,
    tool: str | None,
    number: int | None,
    *,
    accept_insufficient: bool = False,
) -> Version:
    """Take one tool back, or every one; with `number` to what held in that version. Raises NoSuchVersion besides.

    `known` gives what is in force, or raises ConfigurationError: what cannot be loaded keeps nothing from being taken back.
    """
    if accept_insufficient and not by.why:
        raise RolloutRefused(NEEDS_WHY)
    under = operations.under_rollout()
    try:
        now = known()
    except (ConfigurationError, UnreadableVersion):
        movable, stages = frozenset(MAPPED_ROUTES), EVERY_PERCENT
    else:
        movable, stages = now.movable, now.configuration.agno.rollout.stages
        if tool is not None and tool not in under:
            check_movable(tool, now)
    if number is None:
        return operations.take_back(movable | under if tool is None else {tool}, rolled_back(by.why), by)
    accepted = by.why if accept_insufficient else None

    def as_it_was(name: str, current: Rollout | None, then: Rollout) -> Rollout:
        return restored(name, current, then, stages, accept_insufficient=accepted)

    return operations.restore(number, by, as_it_was, None if tool is None else [tool])


def check_other_route(tool: str, *, bound: bool) -> None:
    """Raise RolloutRefused where nothing serves the tool beside its agent: there is nobody to compare it with."""
    if not bound:
        raise RolloutRefused(
            f"No server offers the other route of `{tool}`, so its agent serves every call already, and a share of them "
            "cannot be drawn. Configure a server for it in downstream.yaml; `sophia doctor` says what is bound to what."
        )


def _started(deed: Deed, now: Generation, _: Tallies) -> Step:
    check_other_route(deed.tool, bound=not now.alone(deed.tool))
    rules = now.configuration.agno.rollout
    return lambda current, at: start(
        current,
        rules.stages,
        secrets.token_hex(4),
        at,
        to=deed.to,
        automatic=rules.automatic if deed.automatic is None else deed.automatic,
        accept_insufficient=deed.accepted,
    )


def _advanced(deed: Deed, now: Generation, tallies: Tallies) -> Step:
    def step(current: Rollout | None, at: float) -> Rollout:
        under = _under(deed, current)
        gates = standing(deed.tool, under, now, tallies).gates
        stages = now.configuration.agno.rollout.stages
        return advance(under, gates, stages, at, to=deed.to, accept_insufficient=deed.accepted)

    return step


STEPS: Mapping[DeedName, Callable[[Deed, Generation, Tallies], Step]] = {
    "start": _started,
    "advance": _advanced,
    "hold": lambda deed, _, __: lambda current, at: hold(_under(deed, current), deed.why or "by hand"),
    "resume": lambda deed, _, __: lambda current, at: resume(_under(deed, current)),
}


def _ended(_: Rollout) -> None:
    """The tool has no rollout any more."""


def _under(deed: Deed, current: Rollout | None) -> Rollout:
    if current is None:
        raise RolloutRefused(NOT_UNDER_ROLLOUT.format(deed.tool))
    return current
