"""The sessions that agents and teams remember: by caller, tool and `session_id`, each until it has been idle too long.

One tool's memory is never another's, and a team's is its members' only while they work for that team. There are never
more than `MOST`; the longest idle goes first.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import anyio

from agents.memory import Memory, Shelf

__all__ = ["Sessions"]

MOST = 2_000
SWEEP_EVERY_S = 60.0
LOCAL = "local"
"""Whoever calls: until callers have names, everybody who can reach this process is its user."""

Kind = Literal["agent", "team"]
Key = tuple[Kind, str, str, str]


@dataclass(slots=True)
class _Session:
    memory: Memory
    used_at: float


class Sessions:
    """Hands out memories. `life_s` is how long a session of an agent or a team may be idle."""

    def __init__(self, life_s: Mapping[Kind, float], now: Callable[[], float] = time.monotonic) -> None:
        self._life_s = life_s
        self._now = now
        self._sessions: OrderedDict[Key, _Session] = OrderedDict()
        self._about: dict[str, Shelf] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def of(self, kind: Kind, tool: str, session_id: str, caller: str = LOCAL) -> Memory:
        """The memory of a session, empty where it is new or was forgotten."""
        key = (kind, tool, caller, session_id)
        found = self._sessions.get(key)
        if found is None or self._idle(key, found):
            about = self._about.setdefault(caller, Shelf())
            found = self._sessions[key] = _Session(Memory(caller, about), self._now())
        found.used_at = self._now()
        self._sessions.move_to_end(key)
        while len(self._sessions) > MOST:
            self._sessions.popitem(last=False)
        return found.memory

    def sweep(self) -> None:
        """Forget what has been idle too long."""
        for key in [key for key, one in self._sessions.items() if self._idle(key, one)]:
            del self._sessions[key]

    def _idle(self, key: Key, session: _Session) -> bool:
        """Whether it has been idle too long."""
        return self._now() - session.used_at > self._life_s[key[0]]

    async def run(self) -> None:
        """Sweep for as long as the process serves: what is forgotten is gone even if nobody calls."""
        while True:
            await anyio.sleep(SWEEP_EVERY_S)
            self.sweep()
