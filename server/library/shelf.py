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

from agents.analysis.calls.conversation import join
from agents.analysis.calls.searching import passages_of
from agents.analysis.calls.words import terms
from agents.sources import Call, CallScope, Coverage, Names, Transcript
from server.library.file import connect
from server.library.record import call_from, call_to, transcript_from, transcript_to

__all__ = ["Facts", "Scoped", "Shelf", "Stock", "scoped"]

TURN_BITS = 16
MOST_TURNS = (1 << TURN_BITS) - 1
Facts = Mapping[str, Any]


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
        self._reader = connect(path)
        self._writing = Lock()
        self._reading = Lock()

    def close(self) -> None:
        """Close the file."""
        with self._writing, self._reading:
            self._writer.close()
            self._reader.close()

    def rows(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        """What a query gives."""
        with self._reading:
            return self._reader.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection]:
        with self._writing:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            self._writer.execute("COMMIT")

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

    def put_page(self, calls: Iterable[Call], seen_ids: Iterable[str], seen: int, facts: Facts, at: float) -> None:
        """Keep what a page brought, which calls it listed in look number `seen`, and how far the look has come."""
        with self._transaction() as run:
            for call in calls:
                _put_call(run, call, seen, at)
            run.executemany(
                "UPDATE call SET seen = max(seen, ?) WHERE id = ?", [(seen, call_id) for call_id in seen_ids]
            )
            _put_facts(run, facts)

    def finish_look(self, seen: int | None, most: int, facts: Facts) -> int:
        """End a look; calls that a full one (`seen`) did not meet have gone. Returns how many are beyond `most`."""
        with self._transaction() as run:
            if seen is not None:
                _drop(run, run.execute("SELECT key FROM call WHERE seen < ?", (seen,)).fetchall())
            query = "SELECT key FROM call ORDER BY started DESC, id LIMIT -1 OFFSET ?"
            beyond = run.execute(query, (most,)).fetchall()
            _drop(run, beyond)
            _put_facts(run, facts)
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
                _put_words(run, transcript, content, at)
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
                    _forget_words(run, key)
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
            _put_facts(run, facts)

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


def _put_call(run: sqlite3.Connection, call: Call, seen: int, at: float) -> None:
    words = "private" if call.private else "waiting"
    values = (
        call.started.timestamp(),
        call.started.date().isoformat(),
        call.account,
        call.account.casefold() if call.account else None,
        call.owner,
        call.owner.casefold() if call.owner else None,
        call.private,
        call.synthetic,
        at,
        seen,
    )
    known = run.execute("SELECT key, words FROM call WHERE id = ?", (call.id,)).fetchone()
    if known is None:
        added = run.execute(
            "INSERT INTO call (started, day, account, account_key, rep, rep_key, private, synthetic, told_at, seen, "
            "id, words, asked_at, size) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0)",
            (*values, call.id, words),
        )
        key = added.lastrowid
    else:
        key = known[0]
        run.execute(
            "UPDATE call SET started = ?, day = ?, account = ?, account_key = ?, rep = ?, rep_key = ?, private = ?, "
            "synthetic = ?, told_at = ?, seen = max(seen, ?) WHERE key = ?",
            (*values, key),
        )
        _turn_private(run, key, known[1], private=call.private)
    run.execute("INSERT OR REPLACE INTO record VALUES (?, ?)", (key, call_to(call)))


def _turn_private(run: sqlite3.Connection, key: int, words: str, *, private: bool) -> None:
    """A call that was made private loses its words; one that was shared is read."""
    if private and words != "private":
        _forget_words(run, key)
        run.execute("UPDATE call SET words = 'private', size = 0 WHERE key = ?", (key,))
    elif not private and words == "private":
        run.execute("UPDATE call SET words = 'waiting' WHERE key = ?", (key,))


def _put_words(run: sqlite3.Connection, transcript: Transcript, content: bytes, at: float) -> None:
    query = "SELECT key, content FROM call JOIN record ON record.call = key WHERE id = ? AND NOT private"
    found = run.execute(query, (transcript.call_id,)).fetchone()
    if found is None:
        return
    key, call = found[0], call_from(found[1])
    _forget_words(run, key)
    run.execute("INSERT INTO transcript VALUES (?, ?)", (key, content))
    prose = transcript.level == "prose"
    passages = () if prose else passages_of(join(call, transcript))[:MOST_TURNS]
    base = key << TURN_BITS
    run.executemany(
        "INSERT INTO turn VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(base + n, p.first, p.last, p.start, p.speaker, p.side, p.text) for n, p in enumerate(passages)],
    )
    held = [terms(passage.text) for passage in passages]
    run.executemany(
        "INSERT INTO said (rowid, terms) VALUES (?, ?)", [(base + n, " ".join(words)) for n, words in enumerate(held)]
    )
    run.executemany("INSERT OR IGNORE INTO voice VALUES (?)", {(passage.speaker,) for passage in passages})
    _count(run, len(held), sum(map(len, held)))
    run.execute(
        "UPDATE call SET words = ?, asked_at = ?, size = ? WHERE key = ?",
        ("summary" if prose else "kept", at, sum(map(len, held)), key),
    )


def _forget_words(run: sqlite3.Connection, key: int) -> None:
    within = (key << TURN_BITS, (key << TURN_BITS) + MOST_TURNS)
    turns = run.execute("DELETE FROM turn WHERE id BETWEEN ? AND ?", within).rowcount
    if turns:
        run.execute("DELETE FROM said WHERE rowid BETWEEN ? AND ?", within)
        (size,) = run.execute("SELECT size FROM call WHERE key = ?", (key,)).fetchone()
        _count(run, -turns, -size)
    run.execute("DELETE FROM transcript WHERE call = ?", (key,))


def _count(run: sqlite3.Connection, turns: int, said: int) -> None:
    for name, more in (("turns", turns), ("said", said)):
        run.execute(
            "INSERT INTO fact VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
            (name, more),
        )


def _drop(run: sqlite3.Connection, keys: Iterable[Sequence[int]]) -> None:
    for (key,) in keys:
        _forget_words(run, key)
        run.execute("DELETE FROM record WHERE call = ?", (key,))
        run.execute("DELETE FROM call WHERE key = ?", (key,))


def _put_facts(run: sqlite3.Connection, facts: Facts) -> None:
    run.executemany("INSERT OR REPLACE INTO fact VALUES (?, ?)", list(facts.items()))


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


def _places(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
