"""The newest decisions and how they ended, of every process that shares the store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.state.database import Database, Row, as_object, as_text

__all__ = ["DecisionRecord", "Decisions"]

KEPT = 20_000
PRUNED_EACH = 0.05
"""Looking for what is too old costs more than writing: done at the first write, then each time this share is new."""


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """One decision and how it ended, as JSON values. `at` in seconds since 1970."""

    id: str
    at: float
    tool: str
    content: Mapping[str, Any]


class Decisions:
    """The decisions that are kept: about the newest `KEPT`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._unpruned = KEPT

    def save(self, records: Sequence[DecisionRecord]) -> None:
        """Keep these decisions."""
        with self._database.transaction() as run:
            run.write(
                "INSERT INTO decision (id, at, tool, content) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET at = excluded.at, tool = excluded.tool, content = excluded.content",
                *((record.id, record.at, record.tool, as_text(record.content)) for record in records),
            )
            self._unpruned += len(records)
            if self._unpruned > KEPT * PRUNED_EACH:
                run.write(
                    "DELETE FROM decision WHERE at < (SELECT at FROM decision ORDER BY at DESC LIMIT 1 OFFSET ?)",
                    (KEPT,),
                )
                self._unpruned = 0

    def find(self, decision_id: str) -> DecisionRecord | None:
        """A decision by its id."""
        if not (decision_id.isascii() and decision_id.isprintable()):
            return None  # not every database can be asked for every text
        rows = self._database.read("SELECT id, at, tool, content FROM decision WHERE id = ?", (decision_id,))
        return _record(rows[0]) if rows else None

    def latest(self, tool: str | None, since: float, limit: int) -> list[DecisionRecord]:
        """The newest decisions about a tool, or about all, not older than `since` (seconds since 1970); newest first."""
        columns = "SELECT id, at, tool, content FROM decision"
        if tool is None:
            rows = self._database.read(f"{columns} WHERE at >= ? ORDER BY at DESC LIMIT ?", (since, limit))
        else:
            query = f"{columns} WHERE tool = ? AND at >= ? ORDER BY at DESC LIMIT ?"
            rows = self._database.read(query, (tool, since, limit))
        return [record for record in map(_record, rows) if record is not None]


def _record(row: Row) -> DecisionRecord | None:
    content = as_object(row[3])
    return None if content is None else DecisionRecord(row[0], row[1], row[2], content)
