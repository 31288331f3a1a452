"""What stands before a route: breakers, the bulkhead of its server, and the budget of repeats.

Each downstream server has a breaker, a bulkhead and a budget; each tool has a breaker on each of its routes. A server
is sick when it is away or gives no sign of life. A route of a tool is sick when it failed for any reason that is not
the caller's: so one tool that hangs or breaks is left alone while its server's others are used. Neither is sick because
a tool said no, because a caller asked for something impossible, went away or gave less time than the tool's target, or
because a limit of ours was reached.

A route that is refused says so at once, and as a fault to `decide`, which then takes the other route where policy
allows one. Where there is none, the one call that tries a sick route again still gets through.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from server.bridge.breaker import Breaker, Permit, Proof
from server.bridge.bulkhead import Bulkhead
from server.bridge.decision import Route, Tool
from server.bridge.retry_budget import RetryBudget
from server.errors import (
    Busy,
    CallerDeadline,
    CallerError,
    CircuitOpen,
    DownstreamDown,
    DownstreamTimeout,
    NoRoute,
    NotFound,
    ServerBusy,
    SophiaError,
    SourceFailed,
)

__all__ = ["PLACES", "Beside", "Guard", "Guards", "Passage"]

PLACES = 256
"""Calls at once to a server of which nobody says how many it is given."""

RETRY_AFTER_S = 1.0
Clock = Callable[[], float]


class Guards:
    """All that stands before the routes of this process. `places` by server; `clock` gives seconds that never go back."""

    def __init__(self, places: Mapping[str, int] | None = None, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._places = places or {}
        self._servers: dict[str, _Server] = {}
        self._routes: dict[tuple[str, Route], Breaker] = {}

    def of(self, tool: str, route: Route, server: str | None) -> "Guard":
        """What stands before one route of a tool; `server` is whose calls they are on the downstream route."""
        breaker = self._routes.setdefault((tool, route), Breaker())
        at = self._at(server) if route == "downstream" and server is not None else None
        return Guard(self._clock, f"{tool} on the {route} route", breaker, at)

    def faults(self, tool: Tool) -> dict[Route, str]:
        """Why a route of the tool would be refused now, if it would."""
        server = tool.downstream.server if tool.downstream else None
        routes: tuple[Route, ...] = ("agno", "downstream")
        return {route: fault for route in routes if (fault := self.of(tool.name, route, server).fault())}

    def health(self) -> dict[str, Any]:
        """Each server, and each route that has been refused, as they stand now: for people who look after them."""
        now = self._clock()
        return {
            "servers": {
                name: {
                    **_card(at.breaker, now),
                    "calls_now": at.bulkhead.taken,
                    "max_concurrent_calls": at.bulkhead.places,
                    "retries_left": at.budget.left(now),
                }
                for name, at in sorted(self._servers.items())
            },
            "routes": {
                f"{tool}/{route}": _card(breaker, now)
                for (tool, route), breaker in sorted(self._routes.items())
                if breaker.state(now) != "closed"
            },
        }

    def _at(self, server: str) -> "_Server":
        if server not in self._servers:
            self._servers[server] = _Server(
                server, Breaker(), Bulkhead(self._places.get(server, PLACES)), RetryBudget()
            )
        return self._servers[server]


@dataclass(frozen=True, slots=True)
class _Server:
    name: str
    breaker: Breaker
    bulkhead: Bulkhead
    budget: RetryBudget


@dataclass(frozen=True, slots=True)
class Guard:
    """What stands before one route of one tool."""

    _clock: Clock
    _what: str
    _breaker: Breaker
    _server: _Server | None

    def fault(self) -> str | None:
        """Why a call would be refused now, in words; None where it would not."""
        now = self._clock()
        if self._server is not None and self._server.breaker.refuses(now):
            return f"the server `{self._server.name}` is given a rest: {self._server.breaker.tripped_by}"
        if self._breaker.refuses(now):
            return f"it is given a rest: {self._breaker.tripped_by}"
        if self._server is not None and self._server.bulkhead.full:
            return (
                f"the server `{self._server.name}` has {self._server.bulkhead.places} calls open, which is the limit"
            )
        return None

    def enter(self) -> "Passage":
        """Leave for one attempt. Raises CircuitOpen and ServerBusy, both at once and with nothing sent."""
        now = self._clock()
        if self._server is not None and not self._server.bulkhead.take():
            raise ServerBusy(
                f"The server `{self._server.name}` has {self._server.bulkhead.places} calls open, which is the limit. "
                "Try again in a moment, or raise `max_concurrent_calls` for it in downstream.yaml.",
                retry_after_s=RETRY_AFTER_S,
                delivered=False,
            )
        passage = Passage(self._clock, self._server)
        if self._server is not None:
            passage.through(self._server.breaker, _of_server, f"The server `{self._server.name}`", now)
        passage.through(self._breaker, _of_route, self._what, now)
        return passage

    def enter_beside(self) -> "Passage":
        """Leave for an attempt of a run beside: only while all is well, and only into places that callers leave free.

        What it proves changes no breaker. Raises NoRoute where there is no such place: it does not wait for one.
        """
        now, server = self._clock(), self._server
        breakers = [self._breaker, *([server.breaker] if server else [])]
        crowded = server is not None and 2 * (server.bulkhead.taken + 1) > server.bulkhead.places
        if crowded or any(breaker.state(now) != "closed" for breaker in breakers):
            raise NoRoute("What is free here is kept for calls that somebody waits for.", delivered=False)
        if server is not None:
            server.bulkhead.take()
        return Passage(self._clock, server)

    def called(self) -> None:
        """A call begins here: what repeats are measured by."""
        if self._server is not None:
            self._server.budget.called(self._clock())

    def may_repeat(self) -> bool:
        """Take one repeat out of the budget; False where it is empty, or where a call would be refused anyway."""
        now = self._clock()
        if self._breaker.refuses(now):
            return False
        return self._server is None or (not self._server.breaker.refuses(now) and self._server.budget.take(now))


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands before a route for a run that nobody waits for."""

    guard: Guard

    def called(self) -> None:
        """A run begins here."""
        self.guard.called()

    def enter(self) -> "Passage":
        """Leave for one attempt. Raises NoRoute."""
        return self.guard.enter_beside()

    def may_repeat(self) -> bool:
        """Take one repeat out of the budget, as any call does."""
        return self.guard.may_repeat()


@dataclass(slots=True)
class Passage:
    """One attempt on its way: ends with `ended`, or with `left` where it proved nothing."""

    _clock: Clock
    _server: _Server | None
    _permits: list[tuple[Breaker, Permit, Callable[[SophiaError | None], Proof]]] = field(
        default_factory=list[tuple[Breaker, Permit, Callable[[SophiaError | None], Proof]]]
    )
    _open: bool = True

    def through(
        self, breaker: Breaker, proof_of: Callable[[SophiaError | None], Proof], what: str, now: float
    ) -> None:
        """Pass one breaker. Raises CircuitOpen, with everything given back."""
        permit = breaker.enter(now)
        if permit is None:
            self.left()
            retry_after_s = round(breaker.retry_after_s(now), 1)
            raise CircuitOpen(
                f"{what} is given a rest: {breaker.tripped_by}. Try again in {retry_after_s:g} s.",
                retry_after_s=retry_after_s,
                delivered=False,
            )
        self._permits.append((breaker, permit, proof_of))

    def ended(self, error: SophiaError | None) -> None:
        """The attempt ended by itself: with an answer, or with this failure."""
        self._close(lambda proof_of: proof_of(error), error.kind if error else "")

    def left(self) -> None:
        """The attempt ended otherwise; nothing happens where it has ended already."""
        self._close(lambda _: "nothing", "")

    def _close(self, proved: Callable[[Callable[[SophiaError | None], Proof]], Proof], what: str) -> None:
        if not self._open:
            return
        self._open = False
        now = self._clock()
        for breaker, permit, proof_of in self._permits:
            breaker.leave(permit, proved(proof_of), now, what)
        if self._server is not None:
            self._server.bulkhead.give_back()


def _of_server(error: SophiaError | None) -> Proof:
    """What the end of a call says about the server: one that says no, or whose tool breaks, is there."""
    match error:
        case None | SourceFailed() | NotFound():
            return "well"
        case DownstreamDown() | DownstreamTimeout():
            return "sick"
        case _:
            return "nothing"


def _of_route(error: SophiaError | None) -> Proof:
    """What the end of a call says about one tool on one route."""
    match error:
        case None | SourceFailed() | NotFound():
            return "well"
        case CallerError() | CallerDeadline() | Busy() | NoRoute() | CircuitOpen():
            return "nothing"
        case _:
            return "sick"


def _card(breaker: Breaker, now: float) -> dict[str, Any]:
    state = breaker.state(now)
    if state == "closed" or breaker.since_s is None:
        return {"state": state}
    return {
        "state": state,
        "for_s": round(now - breaker.since_s, 1),
        "because": breaker.tripped_by,
        "retry_after_s": round(breaker.retry_after_s(now), 1),
    }
