"""Searching a library: the turns that hold words of a query, few enough to be ranked with care.

The index gives candidates by BM25. A word that is everywhere would cost time and tell nothing apart, so words are
taken from the rarest on until they are in `MOST_MATCHES` turns; where every word is that common, the newest turns that
hold them, together first, are the candidates. Of a few calls every turn with a word is one. The ranking afterwards
counts all words of the query, with how rare each is in the whole library.
"""

from collections.abc import Iterable, Mapping, Sequence

from agents.analysis.calls.query import read_query, similar_terms
from agents.sources import CallQuery, Found, Passage
from server.library.changes import TURN_BITS
from server.library.shelf import Shelf, scoped

__all__ = ["search"]

MOST_MATCHES = 20_000
FEW_CALLS = 150
MOST_OF_FEW = 3
"""Of a few calls so many times as many turns are ranked."""


def search(shelf: Shelf, query: CallQuery) -> Found:
    """Candidates for a query among the calls in its scope."""
    coverage = shelf.coverage(query.scope, query.newest)
    facts = shelf.facts()
    turns, said = int(facts.get("turns") or 0), int(facts.get("said") or 0)
    voices = [row[0] for row in shelf.rows("SELECT name FROM voice ORDER BY name")]
    asked = read_query(query.text, voices)
    having = _having(shelf, asked.weights)
    known = {term: number for term, number in having.items() if number}
    matching = {**known, **_similar(shelf, [term for term in having if term not in known])}
    ids: dict[int, None] = {}
    if coverage.searched and matching:
        if coverage.calls <= FEW_CALLS:
            ids |= dict.fromkeys(_of_few(shelf, matching, query))
        else:
            ids |= dict.fromkeys(_of_many(shelf, matching, query))
    if coverage.searched and asked.speakers:
        ids |= dict.fromkeys(_of_speakers(shelf, asked.speakers, query, ids))
    return Found(_passages(shelf, sorted(ids)), coverage, turns, said / max(1, turns), having)


def _having(shelf: Shelf, words: Iterable[str]) -> dict[str, int]:
    """In how many turns each term stands."""
    found: dict[str, int] = {}
    for word in words:
        row = shelf.rows("SELECT doc FROM term WHERE term = ?", (word,))
        found[word] = int(row[0][0]) if row else 0
    return found


def _similar(shelf: Shelf, missing: Sequence[str]) -> dict[str, int]:
    """Terms that may be meant by those that nobody uses."""
    found: dict[str, int] = {}
    for word in missing:
        rows = shelf.rows("SELECT term, doc FROM term WHERE term >= ? AND term < ?", (word[0], chr(ord(word[0]) + 1)))
        vocabulary: dict[str, int] = dict(rows)
        found |= {term: vocabulary[term] for term in similar_terms(word, sorted(vocabulary))}
    return found


def _of_few(shelf: Shelf, having: Iterable[str], query: CallQuery) -> list[int]:
    """Turns of a few calls, newest call first."""
    within = scoped(query.scope)
    calls = f"SELECT key FROM call WHERE words <> 'private' AND {within.where} ORDER BY started DESC, id LIMIT ?"  # noqa: S608
    most = FEW_CALLS if query.newest is None else query.newest
    side = "" if query.side is None else " AND (SELECT side FROM turn WHERE turn.id = said.rowid) = ?"
    match = f"SELECT rowid FROM said WHERE said MATCH ? AND rowid BETWEEN ? AND ?{side}"  # noqa: S608
    anyone, sides = " OR ".join(map(_quoted, having)), () if query.side is None else (query.side,)
    found: list[int] = []
    for (key,) in shelf.rows(calls, (*within.values, most)):
        base = key << TURN_BITS
        found += [row[0] for row in shelf.rows(match, (anyone, base, base + (1 << TURN_BITS) - 1, *sides))]
        if len(found) >= MOST_OF_FEW * query.limit:
            break
    return found[: MOST_OF_FEW * query.limit]


def _of_many(shelf: Shelf, having: Mapping[str, int], query: CallQuery) -> list[int]:
    """Turns by how well the rare words fit; by how new they are where no word is rare."""
    ordered = sorted(having, key=lambda term: (having[term], term))
    rare: list[str] = []
    for term in ordered:
        if sum(having[one] for one in [*rare, term]) > MOST_MATCHES:
            break
        rare.append(term)
    narrow, values = _narrowing(query)
    if rare:
        return _ids(shelf, " OR ".join(map(_quoted, rare)), narrow, values, "rank", query.limit)
    together = _ids(shelf, " AND ".join(map(_quoted, ordered)), narrow, values, "rowid DESC", query.limit)
    if len(together) == query.limit or len(ordered) == 1:
        return together
    apart = _ids(shelf, _quoted(ordered[0]), narrow, values, "rowid DESC", query.limit)
    return [*dict.fromkeys([*together, *apart])][: query.limit]


def _quoted(term: str) -> str:
    return '"' + term.replace('"', '""') + '"'


def _narrowing(query: CallQuery) -> tuple[str, tuple[object, ...]]:
    """The condition on a turn's id that keeps to the scope; nothing where every call is meant."""
    within = scoped(query.scope)
    if within.where == "1" and query.newest is None and query.side is None:
        return "", ()
    calls = f"SELECT key FROM call WHERE words <> 'private' AND {within.where}"  # noqa: S608
    if query.newest is not None:
        calls += f" ORDER BY started DESC, id LIMIT {int(query.newest)}"
    narrow = f" AND (said.rowid >> {TURN_BITS}) IN ({calls})"
    if query.side is None:
        return narrow, within.values
    side = " AND (SELECT side FROM turn WHERE turn.id = said.rowid) = ?"
    return narrow + side, (*within.values, query.side)


def _ids(shelf: Shelf, match: str, narrow: str, values: Sequence[object], order: str, most: int) -> list[int]:
    ranked = f"SELECT rowid FROM said WHERE said MATCH ?{narrow} ORDER BY {order} LIMIT ?"  # noqa: S608
    return [row[0] for row in shelf.rows(ranked, (match, *values, most))]


def _of_speakers(shelf: Shelf, speakers: Iterable[str], query: CallQuery, ids: Iterable[int]) -> list[int]:
    """Turns of the people that a query names, on the calls of the candidates, or on any where there are none."""
    named = sorted(speakers)
    calls = sorted({turn >> TURN_BITS for turn in ids})
    if not calls:
        within = scoped(query.scope)
        newest = f"SELECT key FROM call WHERE words = 'kept' AND {within.where} ORDER BY started DESC, id LIMIT 100"  # noqa: S608
        calls = [row[0] for row in shelf.rows(newest, within.values)]
    spoken = f"SELECT id FROM turn WHERE id BETWEEN ? AND ? AND speaker IN ({', '.join('?' * len(named))}) LIMIT 50"  # noqa: S608
    found: list[int] = []
    for key in calls[:100]:
        base = key << TURN_BITS
        found += [row[0] for row in shelf.rows(spoken, (base, base + (1 << TURN_BITS) - 1, *named))]
    return found[: query.limit]


def _passages(shelf: Shelf, ids: Sequence[int]) -> tuple[Passage, ...]:
    query = (
        "SELECT call.id, first, last, start, speaker, side, text FROM turn "  # noqa: S608
        f"JOIN call ON call.key = turn.id >> {TURN_BITS} WHERE turn.id IN ({', '.join('?' * len(ids))}) ORDER BY turn.id"
    )
    return tuple(Passage(*row) for row in shelf.rows(query, ids))
