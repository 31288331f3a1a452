"""Which generation is in force. The store is the control channel: every process that serves looks there before each
decision, so that what an operator changes holds for the next call of all of them, without a restart.

Looking costs microseconds where nothing has changed. A version that this process cannot take (a setting that its own
configuration does not allow) is refused as a whole and logged; the generation before it stays in force.
"""

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

import anyio

from server.config import Configuration, ConfigurationError, load_again
from server.generation import NOTHING_SET, Generation, generation_of
from server.state.database import StoreError
from server.state.policies import Policies, Version

__all__ = ["Control"]

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
Told = Callable[[Generation, Generation], Awaitable[None]]


class Control:
    """Holds the generation in force. `configuration` is what the files say, without what operators set.

    Raises ConfigurationError where what they set does not fit this configuration, StoreError without a store.
    """

    def __init__(self, policies: Policies, configuration: Configuration) -> None:
        self._policies = policies
        self._files = configuration.files
        version = policies.latest() or NOTHING_SET
        if version.settings:
            configuration = load_again(self._files, version.settings, version.number)
        self._version = version
        self._number: int = version.number
        self.current = generation_of(configuration, version)
        self._changed = anyio.Event()

    def look(self) -> Generation:
        """The generation in force now."""
        if self._policies.number() != self._number:
            with suppress(
                StoreError
            ):  # it went away just now; what was known stays in force, and the next look is soon
                self._renew()
        return self.current

    async def run(self, told: Told) -> None:
        """Look for as long as the process serves, for clients that only wait; tell of each change once, old and new."""
        last = self.current
        while True:
            changed = self._changed
            with anyio.move_on_after(LOOK_EVERY_S):
                await changed.wait()
            now = self.look()
            if now is not last:
                await told(last, now)
                last = now

    def _renew(self) -> None:
        version = self._policies.latest() or NOTHING_SET
        if version.number == self._number:
            return
        self._number = version.number
        try:
            self.current = self._taken(version)
        except ConfigurationError as error:
            logger.error(
                "policy version %d is not taken, version %d stays in force: %s",
                version.number,
                self.current.policy.version,
                error,
            )
            return
        self._version = version
        self._changed.set()
        self._changed = anyio.Event()
        logger.info(
            "policy version %d of %s is in force: %s", version.number, version.who, "; ".join(version.difference)
        )

    def _taken(self, version: Version) -> Generation:
        known = self._version
        asked = (known.settings, known.config.get("reload")), (version.settings, version.config.get("reload"))
        if asked[0] == asked[1]:
            return self.current.under(version)
        return generation_of(load_again(self._files, version.settings, version.number), version)
