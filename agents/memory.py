"""What one session of an agent or a team remembers from call to call.

Instances are built fresh for every call and remember nothing; what is to be remembered is handed to them. The last
turns are kept here as plain values, for any model. A provider's model is also given Agno's own memory, the session's
history and what it noted about the user, in databases that belong to this session and this user alone: nothing can be
read from them under another name, because there is no other name in them.

Everything is in this process's memory and gone when it ends.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import JsonValue

from agents.held import held_bytes
from agents.models.ladder import EMBEDDED, LadderModel

__all__ = ["KEPT_TURNS", "Memory", "Shelf", "Turn", "for_agent", "for_team"]

KEPT_TURNS = 3


@dataclass(frozen=True, slots=True)
class Turn:
    """One answered call: its request, how it was understood, and the answer."""

    request: str
    arguments: Mapping[str, JsonValue]
    intent: str | None
    answer: str


@dataclass(slots=True)
class Shelf:
    """An Agno database in memory, made when it is first needed."""

    _db: Any = None

    @property
    def db(self) -> Any:
        """The database."""
        if self._db is None:
            from agno.db.in_memory import InMemoryDb

            self._db = InMemoryDb()
        return self._db

    def held_bytes(self) -> int:
        """The bytes of what is kept; none before the database was needed."""
        return held_bytes(self._db)

    def forget_oldest(self) -> bool:
        """Drop the older half of the runs, or what is left where there are none; False where nothing is."""
        if self._db is None:
            return False
        runs: list[dict[str, Any]] = self._db.get_runs(deserialize=False)[0]
        self._db.delete_runs([run["run_id"] for run in runs[: (len(runs) + 1) // 2]])
        if not runs:
            self._db = None
        return True


@dataclass(slots=True)
class Memory:
    """One session. `lock` keeps its calls one after the other: of two at a time, one would forget the other."""

    user_id: str
    about_user: Shelf
    session: Shelf = field(default_factory=Shelf)
    turns: deque[Turn] = field(default_factory=lambda: deque[Turn](maxlen=KEPT_TURNS))
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def last(self) -> Turn | None:
        """The turn before this call, if there was one."""
        return self.turns[-1] if self.turns else None

    def held_bytes(self) -> int:
        """The bytes that the session keeps; what is noted about its user is not only the session's."""
        return held_bytes(list(self.turns)) + self.session.held_bytes()

    def forget_oldest(self) -> bool:
        """Drop the oldest turn, and the older half of what Agno keeps; False where nothing is left to drop."""
        forgot = bool(self.turns)
        if forgot:
            self.turns.popleft()
        return self.session.forget_oldest() or forgot


def for_agent(memory: Memory | None, model: LadderModel) -> dict[str, Any]:
    """Agno's settings for an agent that remembers; none for the embedded model, which works from the request alone."""
    if memory is None or model.name == EMBEDDED:
        return {}
    from agno.memory.manager import MemoryManager

    return {
        **_history(memory),
        "memory_manager": MemoryManager(db=memory.about_user.db, model=model.agno),
        "enable_agentic_memory": True,
        "add_memories_to_context": True,
    }


def for_team(memory: Memory | None, model: LadderModel) -> dict[str, Any]:
    """Agno's settings for a team whose members share what was asked and answered before."""
    if memory is None or model.name == EMBEDDED:
        return {}
    return {**_history(memory), "add_team_history_to_members": True, "num_team_history_runs": KEPT_TURNS}


def _history(memory: Memory) -> dict[str, Any]:
    # Tools' replies stay out: what mattered in them is in the answers, and they are looked up again when asked for.
    return {
        "db": memory.session.db,
        "user_id": memory.user_id,
        "add_history_to_context": True,
        "num_history_runs": KEPT_TURNS,
        "store_tool_messages": False,
        "store_media": False,
    }
