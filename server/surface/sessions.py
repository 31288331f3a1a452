"""The sessions that agents and teams remember: by caller, tool and `session_id`, each until it has been idle too long.

One tool's memory is never another's, and a team's is its members' only while they work for that team. What is kept is
bounded three ways: no more than `MOST` sessions; no more bytes for a tool than its `memory_limit_mb`; no more bytes for
all of them, with what is noted about users, than `memory_pool_mb`. Over a bound the session that was idle longest goes
first; the one that was just used stays, and loses its oldest turns where it alone is too large.
"""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import anyio

from agents.memory import Memory, Shelf

__all__ = ["Bounds", "Kind", "Sessions"]

MOST = 2_000
SWEEP_EVERY_S = 60.0
LOCAL = "local"
"""Whoever calls: until callers have names, everybody who can reach this process is its user."""
UNBOUNDED = 2**63

Kind = Literal["agent", "team"]
Key = tuple[Kind, str, str, str]
Held = tuple[Kind, str]


@dataclass(slots=True)
class _Session:
    memory: Memory
    used_at: float
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many bytes may be kept, as configured when it is asked: for one tool, and for all together."""

    tool: Callable[[Kind, str], int] = lambda _kind, _tool: UNBOUNDED
    pool: Callable[[], int] = lambda: UNBOUNDED


class Sessions:
    """Hands out memories. `life_s` is how long a session of an agent or a team may be idle, as configured when asked."""

    def __init__(
        self,
        life_s: Callable[[Kind], float],
        now: Callable[[], float] = time.monotonic,
        bounds: Bounds = Bounds(),
    ) -> None:
        self._life_s = life_s
        self._now = now
        self._bounds = bounds
        self._sessions: OrderedDict[Key, _Session] = OrderedDict()
        self._about: OrderedDict[str, Shelf] = OrderedDict()
        self._about_bytes: Counter[str] = Counter()
        self._bytes: Counter[Held] = Counter()

    def __len__(self) -> int:
        return len(self._sessions)

    def of(self, kind: Kind, tool: str, session_id: str, caller: str = LOCAL) -> Memory:
        """The memory of a session, empty where it is new or was forgotten."""
        key = (kind, tool, caller, session_id)
        found = self._sessions.get(key)
        if found is not None and self._idle(key, found):
            self._forget(key)
            found = None
        if found is None:
            about = self._about.setdefault(caller, Shelf())
            found = self._sessions[key] = _Session(Memory(caller, about), self._now())
        found.used_at = self._now()
        self._sessions.move_to_end(key)
        self._about.move_to_end(caller)
        while len(self._sessions) > MOST:
            self._forget(next(iter(self._sessions)))
        return found.memory

    def used(self, kind: Kind, tool: str, session_id: str, caller: str = LOCAL) -> None:
        """Measure a session after a call, and make room where a bound is passed."""
        key = (kind, tool, caller, session_id)
        session = self._sessions.get(key)
        if session is None:  # it was forgotten while the call ran
            return
        self._measure(key, session)
        self._about_bytes[caller] = session.memory.about_user.held_bytes()
        self._within(lambda: self._bytes[kind, tool] > self._bounds.tool(kind, tool), key, (kind, tool))
        self._within(lambda: self.held_bytes() > self._bounds.pool(), key)

    def held_bytes(self, kind: Kind | None = None, tool: str = "") -> int:
        """How many bytes a tool's sessions keep; without one, all sessions and what is noted about users."""
        if kind is not None:
            return self._bytes[kind, tool]
        return sum(self._bytes.values()) + sum(self._about_bytes.values())

    def sweep(self) -> None:
        """Forget what has been idle too long."""
        for key in [key for key, one in self._sessions.items() if self._idle(key, one)]:
            self._forget(key)

    def _within(self, over: Callable[[], bool], using: Key, only: Held | None = None) -> None:
        """Make room: other sessions, longest idle first, then old turns, then what is noted about other users."""
        others = [key for key in self._sessions if key != using and (only is None or (key[0], key[1]) == only)]
        for key in others:
            if not over():
                return
            self._forget(key)
        session = self._sessions[using]
        while over() and session.memory.forget_oldest():
            self._measure(using, session)
        for caller in [one for one in self._about if one != using[2]] if only is None else []:
            if not over():
                return
            del self._about[caller]
            self._about_bytes.pop(caller, None)

    def _measure(self, key: Key, session: _Session) -> None:
        kept = session.memory.held_bytes()
        self._bytes[key[0], key[1]] += kept - session.bytes
        session.bytes = kept

    def _forget(self, key: Key) -> None:
        self._bytes[key[0], key[1]] -= self._sessions.pop(key).bytes

    def _idle(self, key: Key, session: _Session) -> bool:
        """Whether it has been idle too long."""
        return self._now() - session.used_at > self._life_s(key[0])

    async def run(self) -> None:
        """Sweep for as long as the process serves: what is forgotten is gone even if nobody calls."""
        while True:
            await anyio.sleep(SWEEP_EVERY_S)
            self.sweep()
