"""What a change writes: the rows of a call, of its words and of their index, kept in step within one transaction."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agents.analysis.calls.conversation import join
from agents.analysis.calls.searching import passages_of
from agents.analysis.calls.words import terms
from agents.sources import Call, Transcript
from server.library.record import call_from, call_to

__all__ = ["MOST_TURNS", "TURN_BITS", "Facts", "drop", "forget_words", "hide", "put_call", "put_facts", "put_words"]

TURN_BITS = 16
MOST_TURNS = (1 << TURN_BITS) - 1
Facts = Mapping[str, Any]


def put_call(run: sqlite3.Connection, call: Call, seen: int, at: float) -> None:
    """Keep what is known of a call."""
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
        forget_words(run, key)
        run.execute("UPDATE call SET words = 'private', size = 0 WHERE key = ?", (key,))
    elif not private and words == "private":
        run.execute("UPDATE call SET words = 'waiting' WHERE key = ?", (key,))


def hide(run: sqlite3.Connection, call_ids: Iterable[str]) -> None:
    """Drop the words of calls that their server calls private, whatever else is known of them."""
    for call_id in call_ids:
        for key, words in run.execute("SELECT key, words FROM call WHERE id = ?", (call_id,)).fetchall():
            run.execute("UPDATE call SET private = 1 WHERE key = ?", (key,))
            _turn_private(run, key, words, private=True)


def put_words(run: sqlite3.Connection, transcript: Transcript, content: bytes, at: float) -> None:
    """Keep and index the words of a call, unless it is not kept or is private."""
    query = "SELECT key, content FROM call JOIN record ON record.call = key WHERE id = ? AND NOT private"
    found = run.execute(query, (transcript.call_id,)).fetchone()
    if found is None:
        return
    key, call = found[0], call_from(found[1])
    forget_words(run, key)
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


def forget_words(run: sqlite3.Connection, key: int) -> None:
    """Drop the words of a call and what was indexed of them."""
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


def drop(run: sqlite3.Connection, keys: Iterable[Sequence[int]]) -> None:
    """Drop calls."""
    for (key,) in keys:
        forget_words(run, key)
        run.execute("DELETE FROM record WHERE call = ?", (key,))
        run.execute("DELETE FROM call WHERE key = ?", (key,))


def put_facts(run: sqlite3.Connection, facts: Facts) -> None:
    """Note something of the library."""
    run.executemany("INSERT OR REPLACE INTO fact VALUES (?, ?)", list(facts.items()))
