"""What is kept of the calls of one server: plain reads and writes, each write one transaction.

Safe to call from any thread and beside other processes. Nothing here asks a server, and nothing here waits for one.
"""

import os
import sqlite3
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from agents.sources import Call, CallScope, Coverage, Names, Transcript
from server.library.changes import Facts, drop, forget_words, hide, put_call, put_facts, put_words
from server.library.file import connect, usable
from server.library.record import call_from, transcript_from, transcript_to

__all__ = ["Facts", "Scoped", "Shelf", "Stock", "scoped"]


@dataclass(frozen=True, slots=True)
class Stock:
    """How much is kept: `calls` of which `kept` have words, `waiting` are still to be read, `wordless` have none,
    `private` are never read and `dropped` had words that were dropped to keep within the limit."""

    calls: int
    kept: int
    waiting: int
    wordless: int
    private: int
    dropped: int
    newest: str | None


@dataclass(frozen=True, slots=True)
class Scoped:
    """A scope as SQL: a condition on `call` and its parameters."""

    where: str
    values: tuple[object, ...]


def scoped(scope: CallScope) -> Scoped:
    """Which rows of `call` are in scope."""
    parts = {
        "id = ?": scope.call_id,
        "account_key = ?": scope.account.casefold() if scope.account is not None else None,
        "rep_key = ?": scope.rep.casefold() if scope.rep is not None else None,
        "day >= ?": scope.from_date.isoformat() if scope.from_date else None,
        "day <= ?": scope.to_date.isoformat() if scope.to_date else None,
    }
    given = {part: value for part, value in parts.items() if value is not None}
    return Scoped(" AND ".join(given) or "1", tuple(given.values()))


class Shelf:
    """An open library."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer = connect(path)
        try:
            self._reader = connect(path)
            self._file = _identity(path)
        except BaseException:
            self._writer.close()
            raise
        self._writing = Lock()
        self._reading = Lock()

    def close(self) -> None:
        """Close the file."""
        with self._writing, self._reading:
            self._writer.close()
            self._reader.close()

    def deleted(self) -> bool:
        """Whether the file was deleted, or another put in its place, since it was opened."""
        return _identity(self.path) != self._file

    def rows(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        """What a query gives. Raises SourceError, as every method does, where the file cannot be used."""
        with self._reading, usable():
            return self._reader.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection]:
        with self._writing, usable():
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:  # a full disk may have ended it already
                    self._writer.execute("ROLLBACK")
                raise

    # Calls

    def find(self, scope: CallScope) -> list[Call]:
        """The calls in scope, newest first and by id among those of one instant."""
        within = scoped(scope)
        query = f"SELECT content FROM call JOIN record ON record.call = key WHERE {within.where} ORDER BY started DESC, id"  # noqa: S608
        return [call_from(row[0]) for row in self.rows(query, within.values)]

    def names(self) -> Names:
        """What a request may mention."""
        return Names(
            accounts=self._column("SELECT DISTINCT account FROM call WHERE account IS NOT NULL ORDER BY 1"),
            reps=self._column("SELECT DISTINCT rep FROM call WHERE rep IS NOT NULL ORDER BY 1"),
            call_ids=self._column("SELECT id FROM call ORDER BY started DESC, id"),
        )

    def told_since(self, call_ids: Iterable[str], at: float) -> set[str]:
        """Those of these calls whose details were read since `at`."""
        ids = list(call_ids)
        query = f"SELECT id FROM call WHERE told_at >= ? AND id IN ({_places(ids)})"  # noqa: S608
        return set(self._column(query, (at, *ids)))

    def differing(self, private: Mapping[str, bool]) -> set[str]:
        """Those of these calls that are kept as private and are not, or the other way round."""
        query = f"SELECT id, private FROM call WHERE id IN ({_places([*private])})"  # noqa: S608
        return {call_id for call_id, kept in self.rows(query, [*private]) if bool(kept) != private[call_id]}

    def stale(self, call_ids: Iterable[str], told_before: float) -> list[str]:
        """Those of these calls that are not private and whose details were read before that, in this order."""
        ids = list(dict.fromkeys(call_ids))
        query = f"SELECT id FROM call WHERE NOT private AND told_at < ? AND id IN ({_places(ids)})"  # noqa: S608
        found = set(self._column(query, (told_before, *ids)))
        return [call_id for call_id in ids if call_id in found]

    def forget(self, call_ids: Iterable[str], *, listed: bool) -> None:
        """Drop calls that have gone; of those that are still `listed` the words only, which are then asked for again."""
        ids = list(call_ids)
        with self._transaction() as run:
            keys = run.execute(f"SELECT key FROM call WHERE id IN ({_places(ids)})", ids).fetchall()  # noqa: S608
            if not listed:
                drop(run, keys)
                return
            for (key,) in keys:
                forget_words(run, key)
                run.execute("UPDATE call SET words = 'waiting', size = 0 WHERE key = ? AND NOT private", (key,))

    def put_page(
        self,
        calls: Iterable[Call],
        seen_ids: Iterable[str],
        seen: int,
        facts: Facts,
        at: float,
        private_ids: Iterable[str] = (),
    ) -> None:
        """Keep what a page brought, which calls it listed in look number `seen`, and how far the look has come."""
        with self._transaction() as run:
            for call in calls:
                put_call(run, call, seen, at)
            hide(run, private_ids)
            run.executemany(
                "UPDATE call SET seen = max(seen, ?) WHERE id = ?", [(seen, call_id) for call_id in seen_ids]
            )
            put_facts(run, facts)

    def finish_look(self, seen: int | None, most: int, facts: Facts) -> int:
        """End a look; calls that a full one (`seen`) did not meet have gone. Returns how many are beyond `most`."""
        with self._transaction() as run:
            if seen is not None:
                drop(run, run.execute("SELECT key FROM call WHERE seen < ?", (seen,)).fetchall())
            query = "SELECT key FROM call ORDER BY started DESC, id LIMIT -1 OFFSET ?"
            beyond = run.execute(query, (most,)).fetchall()
            drop(run, beyond)
            put_facts(run, facts)
        return len(beyond)

    # Words

    def transcript(self, call_id: str) -> Transcript | None:
        """The words of a call where they are kept."""
        query = "SELECT content FROM transcript JOIN call ON key = transcript.call WHERE id = ?"
        found = self.rows(query, (call_id,))
        return transcript_from(found[0][0]) if found else None

    def words(self, call_id: str) -> tuple[str, float] | None:
        """The state of a call's words and when they were last asked for; None for a call that is not kept."""
        found = self.rows("SELECT words, asked_at FROM call WHERE id = ?", (call_id,))
        return (found[0][0], found[0][1]) if found else None

    def waiting(self, scope: CallScope, most: int, wordless_before: float = 0.0) -> list[str]:
        """Calls in scope to be read next, newest first; those without words again where last asked before that."""
        within = scoped(scope)
        query = (
            f"SELECT id FROM call WHERE (words = 'waiting' OR (words = 'none' AND asked_at < ?)) AND {within.where} "  # noqa: S608
            "ORDER BY words DESC, started DESC, id LIMIT ?"
        )
        return list(self._column(query, (wordless_before, *within.values, most)))

    def put_words(self, found: Iterable[Transcript], without: Iterable[str], at: float) -> None:
        """Keep and index transcripts, and that other calls have none. Calls that are not kept are passed over."""
        prepared = [(transcript, transcript_to(transcript)) for transcript in found]
        with self._transaction() as run:
            for transcript, content in prepared:
                put_words(run, transcript, content, at)
            run.executemany(
                "UPDATE call SET words = 'none', asked_at = ? WHERE id = ? AND words <> 'kept'",
                [(at, call_id) for call_id in without],
            )

    def keep_within(self, most_bytes: int) -> None:
        """Drop the words of the oldest calls until the file's content is within the limit."""
        while self.size() > most_bytes:
            query = "SELECT key FROM call WHERE words IN ('kept', 'summary') ORDER BY started, id DESC LIMIT 50"
            with self._transaction() as run:
                oldest = run.execute(query).fetchall()
                for (key,) in oldest:
                    forget_words(run, key)
                    run.execute("UPDATE call SET words = 'dropped', size = 0 WHERE key = ?", (key,))
            if not oldest:
                return

    # What is known of the whole

    def size(self) -> int:
        """The bytes in use."""
        pages, free, page = (
            int(self.rows(f"PRAGMA {name}")[0][0]) for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * page

    def facts(self) -> Facts:
        """What is noted of the library."""
        return dict(self.rows("SELECT name, value FROM fact"))

    def put_facts(self, **facts: Any) -> None:
        """Note something of the library."""
        with self._transaction() as run:
            put_facts(run, facts)

    def stock(self) -> Stock:
        """How much is kept."""
        counts: dict[str, int] = dict(self.rows("SELECT words, count(*) FROM call GROUP BY words"))
        return Stock(
            calls=sum(counts.values()),
            kept=counts.get("kept", 0) + counts.get("summary", 0),
            waiting=counts.get("waiting", 0),
            wordless=counts.get("none", 0),
            private=counts.get("private", 0),
            dropped=counts.get("dropped", 0),
            newest=next(iter(self._column("SELECT day FROM call ORDER BY started DESC LIMIT 1")), None),
        )

    def coverage(self, scope: CallScope, newest: int | None = None) -> Coverage:
        """What a search of a scope looks at."""
        within = scoped(scope)
        query = f"SELECT words, synthetic FROM call WHERE {within.where} ORDER BY started DESC, id"  # noqa: S608
        rows = self.rows(query, within.values)
        readable = [row for row in rows if row[0] != "private"][:newest]
        return Coverage(
            calls=len(readable),
            searched=sum(words == "kept" for words, _ in readable),
            waiting=sum(words == "waiting" for words, _ in readable),
            private=sum(words == "private" for words, _ in rows),
            synthetic=sum(synthetic for _, synthetic in readable),
        )

    def lease(self, name: str, holder: str, for_s: float, rank: int = 0) -> bool:
        """Take or renew the right to do something alone. A higher rank takes it from a lower one."""
        now = time.time()
        with self._transaction() as run:
            held = run.execute("SELECT holder, pid, rank, until FROM lease WHERE name = ?", (name,)).fetchone()
            if held and held[0] != holder and held[3] > now and held[2] >= rank and _alive(held[1]):
                return False
            run.execute(
                "INSERT OR REPLACE INTO lease VALUES (?, ?, ?, ?, ?)", (name, holder, os.getpid(), rank, now + for_s)
            )
        return True

    def release(self, name: str, holder: str) -> None:
        """Give a lease back."""
        with self._transaction() as run:
            run.execute("DELETE FROM lease WHERE name = ? AND holder = ?", (name, holder))

    def _column(self, query: str, values: Sequence[object] = ()) -> tuple[Any, ...]:
        return tuple(row[0] for row in self.rows(query, values))


def _alive(pid: int) -> bool:
    """Whether a process of this machine may still be there; where that cannot be asked, it is taken to be."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _places(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
