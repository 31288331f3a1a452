"""Which generation is in force. The store is the control channel: every process that serves looks there before each
decision, so that what an operator changes holds for the next call of all of them, without a restart.

Looking costs microseconds where nothing has changed, and may be done from any thread: one at a time takes a version, the
newest there is, and whoever else looks waits for it. What was acknowledged holds: the rollouts and the switches of a
version are taken whatever this process's files have become; what cannot be loaded of the rest is logged, and stays as it
was. A version that cannot be read at all is logged, and the generation before it stays in force.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from threading import Lock
from typing import Protocol

import anyio

from server.config import Configuration, ConfigurationError, load_again
from server.generation import NOTHING_SET, Generation, Numbered, generation_of, last_readable, rollouts_of
from server.state.database import StoreError
from server.state.policies import UnreadableVersion, Version

__all__ = ["Control", "Policies"]

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
Told = Callable[[Generation, Generation], Awaitable[None]]


class Policies(Numbered, Protocol):
    """What is looked at: the versions of policy, as `server.state.policies` has them."""

    def number(self) -> int:
        """The newest version's number: microseconds, and never an error."""
        ...

    def latest(self) -> Version | None:
        """The newest version. Raises StoreError."""
        ...


class Control:
    """Holds the generation in force. `configuration` is what the files say, without what operators set.

    Raises ConfigurationError where what they set does not fit this configuration, StoreError without a store.
    """

    def __init__(self, policies: Policies, configuration: Configuration) -> None:
        self._policies = policies
        self._files = configuration.files
        self._taking = Lock()
        self._changed: Callable[[], object] = _nobody_waits
        version, number = self._newest()
        self._number: int = number
        if version.settings:
            configuration = load_again(self._files, version.settings, version.number)
        self._loaded = _asked_of(version)
        self._whole = self.current = generation_of(configuration, version)

    def look(self) -> Generation:
        """The generation in force now. Safe to call from any thread."""
        if self._policies.number() != self._number:
            self._renew()
        return self.current

    async def run(self, told: Told) -> None:
        """Look for as long as the process serves, for clients that only wait; tell of each change once, old and new."""
        last, changed, loop = self.current, anyio.Event(), asyncio.get_running_loop()
        # Whoever looks may be in another thread, which must neither touch an event of this one nor wait for it.
        self._changed = lambda: loop.call_soon_threadsafe(changed.set)
        try:
            while True:
                with anyio.move_on_after(LOOK_EVERY_S):
                    await changed.wait()
                changed = anyio.Event()
                now = self.look()
                if now is not last:
                    await told(last, now)
                    last = now
        finally:
            self._changed = _nobody_waits

    def _newest(self) -> tuple[Version, int]:
        """The newest version that can be read, and the number of the newest there is. Raises StoreError."""
        try:
            version = self._policies.latest() or NOTHING_SET
            rollouts_of(version)
        except UnreadableVersion as error:
            earlier = last_readable(self._policies, error.number)
            logger.error("%s Version %d holds.", error, earlier.number)
            return earlier, error.number
        return version, version.number

    def _renew(self) -> None:
        with self._taking:
            if self._policies.number() == self._number:
                return  # another thread took it while this one waited
            try:
                version, number = self._newest()
            except StoreError:
                return  # it went away just now; what was known stays in force, and the next look is soon
            taken = version.number != self.current.policy.version
            if taken:
                self.current = self._taken(version)
            # Only now: who sees the number without waiting must find the generation as well.
            self._number = number
        if taken:
            self._changed()
            changes = "; ".join(version.difference)
            logger.info("policy version %d of %s is in force: %s", version.number, version.who, changes)

    def _taken(self, version: Version) -> Generation:
        """The generation of a version that can be read."""
        if _asked_of(version) == self._loaded:
            return self._whole.under(version)
        try:
            generation = generation_of(load_again(self._files, version.settings, version.number), version)
        except Exception as error:  # whatever it is, what takes calls back must hold
            foreseen = isinstance(error, ConfigurationError)
            logger.error(
                "of policy version %d the rollouts and switches hold and the rest is not taken, since this process cannot "
                "load its configuration: mend it, and run `sophia config reload`. %s",
                version.number,
                error if foreseen else type(error).__name__,
                exc_info=not foreseen,
            )
            return self._whole.behind_under(version)
        self._loaded, self._whole = _asked_of(version), generation
        return generation


def _asked_of(version: Version) -> tuple[object, object]:
    """What of a version has the configuration loaded anew where it differs."""
    return version.settings, version.config.get("reload")


def _nobody_waits() -> None:
    """There is nobody to tell."""
