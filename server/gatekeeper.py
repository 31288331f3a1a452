"""Looks at the gates of every rollout, and acts on them: a breach takes a tool back, an earned stage is taken where the
rollout goes on by itself.

One process does it, whichever holds the lease; should two ever believe they do, the store lets one of them write. It
looks often; the gates are made so that looking often does not make a breach of chance more likely.
"""

import logging
import secrets
from collections.abc import Callable

import anyio
from anyio import to_thread

from server.bridge.policy import Rollout
from server.bridge.rollout import Advance, Complete, Hold, RollBack, advance, complete, roll_back
from server.consequences import at_zero
from server.control import Control
from server.errors import RolloutRefused
from server.generation import Generation, rollouts_of
from server.operations import By, Operations
from server.standing import Standing, earned, standing
from server.state.database import StoreError
from server.state.policies import Conflict
from server.state.store import Store

__all__ = ["Gatekeeper"]

logger = logging.getLogger(__name__)

LEASE = "gates"
LEASE_IN_INTERVALS = 3
WHO = "sophia"


class Gatekeeper:
    """Keeps the gates of every process that shares the store, while it holds the lease."""

    def __init__(self, store: Store, control: Control) -> None:
        self._store = store
        self._control = control
        self._operations = Operations(store.policies)
        self._holder = secrets.token_hex(8)

    async def run(self) -> None:
        """Look for as long as the process serves."""
        try:
            while True:
                now = self._control.look()
                await anyio.sleep(now.configuration.agno.rollout.evaluate_every_s)
                if self._control.look().policy.rollouts:
                    await to_thread.run_sync(self.look)
        finally:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(self._leave)

    def look(self) -> None:
        """Look once, if no other process does."""
        now = self._control.look()
        every_s = now.configuration.agno.rollout.evaluate_every_s
        try:
            if self._store.leases.take(LEASE, self._holder, every_s * LEASE_IN_INTERVALS):
                for tool, rollout in now.policy.rollouts.items():
                    if rollout.state != "rolled_back":  # only a start leads on from there, and that is an operator's
                        self._look_at(tool, rollout, now)
        except StoreError as error:
            logger.warning("the gates could not be looked at: %s", error)

    def _look_at(self, tool: str, rollout: Rollout, now: Generation) -> None:
        try:
            self._act(standing(tool, rollout, now, self._store.tallies), now)
        except StoreError:
            raise
        except Exception:  # a fault of ours about one tool keeps neither the others nor the server from going on
            logger.exception("the gates of `%s` could not be looked at", tool)

    def _act(self, one: Standing, now: Generation) -> None:
        step = self._step(one, now)
        if step is None:
            return
        next_step, why = step
        try:
            by = By(WHO, why, now.policy.version)
            version = self._operations.move([one.tool], next_step, by, "gate")
        except (Conflict, RolloutRefused) as error:  # somebody acted meanwhile: the next look sees what holds then
            logger.info("`%s` was not moved: %s", one.tool, error)
        else:
            logger.warning("`%s`: %s", one.tool, why)
            after = rollouts_of(version).get(one.tool)
            if after is not None and (means := at_zero(one.tool, after, now)):
                logger.warning("%s", means)

    @staticmethod
    def _step(one: Standing, now: Generation) -> tuple[Callable[[Rollout | None, float], Rollout], str] | None:
        rollout, stages = one.rollout, now.configuration.agno.rollout.stages
        match one.step:
            case RollBack(why):
                return lambda _, at: roll_back(rollout, why, at), why
            case Advance(percent) if rollout.automatic:
                return lambda _, at: advance(rollout, one.gates, stages, at, to=percent), earned(one)
            case Complete() if rollout.automatic:
                return lambda _, at: complete(rollout, one.gates), "every gate has passed at 100 %"
            case Advance() | Complete() | Hold():
                return None

    def _leave(self) -> None:
        try:
            self._store.leases.release(LEASE, self._holder)
        except StoreError:  # its time ends by itself
            logger.debug("the lease could not be given back")
