"""Identical calls that only read: those in flight at the same time share one run, and an answer may be given again.

A key says which calls are identical: the policy version, the tool, the route, the rights of the caller and the
arguments. Nothing is ever shared across callers of different rights. A run belongs to nobody who waits for it: one that
leaves, cancelled or at its own deadline, does not end it for the others; when the last one leaves, it is cancelled.
Progress goes to all who wait. A failure is everybody's failure and is not kept.

Answers are kept only where the server's `cache_s` says so, and for no longer; a call under another policy version
empties the cache. Which answers may be kept, and which are for one caller only, the `Terms` say.
"""

import json
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Generic, TypeVar, cast

import anyio

from server.background import Background
from server.bridge.decision import Route
from server.errors import Busy

__all__ = ["Key", "Share", "Sharing", "Tell", "Terms", "key_of"]

logger = logging.getLogger(__name__)

ResultT = TypeVar("ResultT")
MOST = 1_000
MOST_BYTES = 32 * 1024 * 1024
TELL_WITHIN_S = 1.0
"""How long one who waits may take to be told of progress: a client that does not read holds nobody else up."""


Tell = Callable[..., Awaitable[None]]
"""Told of progress, in whatever form the run has it."""


@dataclass(frozen=True, slots=True)
class Key:
    """Which calls are identical. `digest` is of everything but the policy's version."""

    version: str
    digest: str


def key_of(version: object, tool: str, route: Route, rights: str, arguments: Mapping[str, Any]) -> Key:
    """The key of a call; the order of arguments does not matter. `arguments` are JSON values."""
    text = json.dumps([tool, route, rights, arguments], sort_keys=True, separators=(",", ":"))
    return Key(str(version), sha256(text.encode()).hexdigest())


@dataclass(frozen=True, slots=True)
class Terms(Generic[ResultT]):
    """What may be done with the answers of a run.

    `size` gives the bytes of an answer that may be kept, None for one that may not. `common` says whether an answer is
    for all who asked; where it is not, each of the others asks by itself.
    """

    cache_s: float
    size: Callable[[ResultT], int | None]
    common: Callable[[ResultT], bool] = lambda _: True


@dataclass(slots=True)
class Share:
    """How one call came to its answer: by a run of another call, or by an answer that was kept `age_s` seconds."""

    joined: bool = False
    age_s: float | None = None

    @property
    def borrowed(self) -> bool:
        """Whether the call caused no run of its own."""
        return self.joined or self.age_s is not None


@dataclass(slots=True)
class _Flight:
    """A run under way and those who wait for it."""

    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    landed: anyio.Event = field(default_factory=anyio.Event)
    waiting: list[Tell] = field(default_factory=list[Tell])
    result: Any = None
    failure: Exception | None = None

    async def tell(self, *progress: Any) -> None:
        for told in tuple(self.waiting):
            try:
                with anyio.move_on_after(TELL_WITHIN_S):
                    await told(*progress)
            except Exception:  # one who is gone is no reason to leave the others in the dark
                logger.debug("progress could not be told", exc_info=True)


@dataclass(frozen=True, slots=True)
class _Kept:
    result: Any
    size: int
    at_s: float
    until_s: float


class Sharing:
    """The runs in flight and the answers kept. `now` gives seconds that never go back.

    Runs live in `background`; while that is not held nothing is shared.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.background = Background()
        self._now = now
        self._flights: dict[Key, _Flight] = {}
        self._kept: OrderedDict[Key, _Kept] = OrderedDict()
        self._bytes = 0
        self._version: str | None = None

    def flies(self, key: Key) -> bool:
        """Whether a call with this key would join a run or be answered at once."""
        return key in self._flights or self._found(key) is not None

    async def take(
        self,
        key: Key,
        run: Callable[[Tell], Awaitable[ResultT]],
        tell: Tell,
        terms: Terms[ResultT],
        share: Share,
    ) -> ResultT:
        """The answer to a call, from a run, a run of another call, or kept; `share` is told which.

        Raises whatever `run` raises, and Busy when the program is stopping.
        """
        share.joined, share.age_s = False, None
        if not self.background.held:
            return await run(tell)
        kept = self._found(key)
        if kept is not None:
            share.age_s = self._now() - kept.at_s
            return cast("ResultT", kept.result)
        flight = self._flights.get(key)
        share.joined = flight is not None
        if flight is None:
            flight = self._flights[key] = _Flight()
            self.background.begin(self._fly, key, flight, run, terms)
        with self._waiting(key, flight, tell):
            await flight.landed.wait()
        if flight.failure is not None:
            raise flight.failure.with_traceback(None)
        result = cast("ResultT", flight.result)
        if share.joined and not terms.common(result):
            share.joined = False
            return await run(tell)
        return result

    @contextmanager
    def _waiting(self, key: Key, flight: _Flight, tell: Tell) -> Generator[None]:
        flight.waiting.append(tell)
        try:
            yield
        finally:
            flight.waiting.remove(tell)
            if not flight.waiting and not flight.landed.is_set():
                self._gone(key, flight)
                flight.scope.cancel()

    async def _fly(
        self, key: Key, flight: _Flight, run: Callable[[Tell], Awaitable[ResultT]], terms: Terms[ResultT]
    ) -> None:
        flight.failure = Busy("Sophia is stopping. Try again in a moment.", retry_after_s=1.0)
        try:
            with flight.scope:
                result = flight.result = await run(flight.tell)
                flight.failure = None
                self._keep(key, result, terms)
        except Exception as error:  # all who wait raise it, each in its own task
            flight.failure = error
        finally:
            self._gone(key, flight)
            flight.landed.set()

    def _gone(self, key: Key, flight: _Flight) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]

    def _found(self, key: Key) -> _Kept | None:
        if key.version != self._version:
            self._version = key.version
            self._kept.clear()
            self._bytes = 0
        kept = self._kept.get(key)
        if kept is not None and self._now() >= kept.until_s:
            self._drop(key)
            return None
        return kept

    def _keep(self, key: Key, result: ResultT, terms: Terms[ResultT]) -> None:
        size = terms.size(result) if terms.cache_s > 0 else None
        if size is None or size > MOST_BYTES or key.version != self._version:
            return
        self._drop(key)
        now = self._now()
        self._kept[key] = _Kept(result, size, now, now + terms.cache_s)
        self._bytes += size
        while len(self._kept) > MOST or self._bytes > MOST_BYTES:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Key) -> None:
        gone = self._kept.pop(key, None)
        if gone is not None:
            self._bytes -= gone.size
