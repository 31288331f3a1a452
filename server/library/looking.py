"""Bringing a library up to date: what has changed is listed, what is new is read, a batch at a time.

A *look* lists calls page by page. What a page brings is kept together with how far the look has come, so that a look
that ends at any point is gone on with by whoever looks next. Small sets are listed whole each time. Of larger ones
only what began since shortly before the newest known call is asked for, and once a day everything: what has been
deleted at the server goes here too, and details that change (a deal's stage) are read again.

Transcripts are read the newest first. A batch that the server refuses is halved until the call that it cannot give
stands alone; that call is without words until it is asked for again.
"""

import hashlib
import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from anyio import to_thread

from agents.sources import Call, CallScope, SourceError, Transcript
from server.downstream.adapters.feed import CallFeed, Given, Page
from server.library.shelf import Shelf

__all__ = ["BATCH", "Limits", "look", "pause_s", "read_batch", "recheck", "to_read", "wants_a_pause"]

BATCH = 20
DETAILS = 100
MAX_PAGES = 2_000
WHOLE_UNDER = 500
WHOLE_EVERY_S = 24 * 3600.0
WHOLE_UNDETAILED_EVERY_S = 3600.0
OVERLAP = timedelta(days=7)
GO_ON_WITHIN_S = 3600.0
WORDLESS_AGAIN_S = 24 * 3600.0
LONGEST_PAUSE_S = 600.0
FIRST_PAUSE_S = 5.0
_AFTER = re.compile(
    r"(?:retry|again|wait)\D{0,20}(\d{1,5})(?:\.\d+)?\s*(ms|milliseconds|s\b|sec|m\b|min)?", re.IGNORECASE
)

_BUSY = re.compile(r"\b429\b|\b5\d\d\b|rate.?limit|too many|retry|time[d ]?.?out|\b401\b|expired", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a library may keep."""

    calls: int
    bytes: int


@dataclass(slots=True)
class _Look:
    """How far a look has come. It is kept as JSON after each page."""

    seen: int
    since: str | None
    cursor: str | None = None
    pages: int = 0
    cursors: list[str] = field(default_factory=list[str])
    listed: int = 0
    twice: int = 0
    unreadable: int = 0
    cut: str = ""
    at: float = 0.0


async def look(shelf: Shelf, feed: CallFeed, limits: Limits, told: Callable[[int], None] | None = None) -> None:
    """List what has changed and keep it; `told` hears how many calls are listed so far. Raises SourceError where the server fails; what was listed is kept."""
    facts = await to_thread.run_sync(shelf.facts)
    current = await _resumed(shelf, facts) or await _begun(shelf, feed, facts)
    try:
        ended = False
        while not ended:
            since = datetime.fromisoformat(current.since) if current.since else None
            ended = await _take(shelf, feed, current, await feed.page(since, current.cursor))
            if told is not None:
                told(current.listed)
    except SourceError as error:
        facts = {"trouble": error.message, "troubled_at": time.time()}
        if error.kind != "unavailable":  # a cursor may have become too old: the next look begins anew
            facts["look"] = json.dumps(None)
        await to_thread.run_sync(partial(shelf.put_facts, **facts))
        raise
    await _finish(shelf, current, limits)


async def recheck(shelf: Shelf, feed: CallFeed, call_ids: Sequence[str]) -> None:
    """Read the details of calls again: one that became private loses its words, one that has gone is dropped. Raises SourceError."""
    given = await feed.details(call_ids)
    missing = set(call_ids) - {call.id for call in given.found}

    def keep() -> None:
        shelf.put_page([call for call in given.found if call.id in call_ids], (), 0, {}, time.time())
        if missing:
            # Which of the missing ones were given in a shape that cannot be read is not known.
            shelf.forget(missing, listed=given.unreadable > 0)

    await to_thread.run_sync(keep)


async def read_batch(
    shelf: Shelf,
    feed: CallFeed,
    call_ids: Sequence[str],
    limits: Limits,
    got: Callable[[Transcript], None] = lambda _: None,
) -> None:
    """Read the words of these calls and keep them; `got` has them even where the disk is full. Raises SourceError
    where the server is away."""
    given = await _transcripts(feed, call_ids)
    asked = set(call_ids)
    found = [transcript for transcript in given.found if transcript.call_id in asked]
    for transcript in found:
        got(transcript)
    without = asked - {transcript.call_id for transcript in found}

    def keep() -> None:
        shelf.put_words(found, sorted(without), time.time())
        if given.unreadable:
            shelf.put_facts(unreadable_words=int(shelf.facts().get("unreadable_words") or 0) + given.unreadable)
        shelf.keep_within(limits.bytes)

    await to_thread.run_sync(keep)


def to_read(shelf: Shelf, most: int = BATCH) -> list[str]:
    """The calls to read next."""
    return shelf.waiting(CallScope(), most, time.time() - WORDLESS_AGAIN_S)


def wants_a_pause(error: SourceError) -> bool:
    """Whether a server is away or asks for time, rather than refusing what was asked for."""
    return error.kind == "unavailable" or _BUSY.search(error.message) is not None


def pause_s(failures: int, message: str) -> float:
    """How long to leave a server alone after so many failures in a row; as long as it says, where it says so."""
    said = _AFTER.search(message)
    if said:
        unit = (said[2] or "s").lower()
        scale = 0.001 if unit.startswith(("ms", "mil")) else 60.0 if unit.startswith("m") else 1.0
        return min(LONGEST_PAUSE_S, max(1.0, float(said[1]) * scale))
    return float(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(10, max(0, failures - 1))))


async def _resumed(shelf: Shelf, facts: Any) -> _Look | None:
    kept: Any = json.loads(facts.get("look") or "null")
    if kept is None or not kept["cursor"] or time.time() - kept["at"] > GO_ON_WITHIN_S:
        return None
    return _Look(**kept)


async def _begun(shelf: Shelf, feed: CallFeed, facts: Any) -> _Look:
    """A look from the start: at everything, or at what is new."""

    def since() -> str | None:
        stock = shelf.stock()
        whole_at = float(facts.get("whole_at") or 0)
        # Where nothing but the list tells that a call became private, all of it is read more often.
        every_s = WHOLE_EVERY_S if feed.details_at_once else min(WHOLE_EVERY_S, WHOLE_UNDETAILED_EVERY_S)
        if stock.calls < WHOLE_UNDER or time.time() - whole_at > every_s:
            return None
        (newest,) = shelf.rows("SELECT max(started) FROM call WHERE started <= ?", (time.time(),))[0]
        return None if newest is None else (datetime.fromtimestamp(newest, UTC) - OVERLAP).isoformat()

    return _Look(seen=time.time_ns(), since=await to_thread.run_sync(since), at=time.time())


async def _take(shelf: Shelf, feed: CallFeed, current: _Look, page: Page) -> bool:
    """Keep a page; whether it was the last one."""
    ids = list(dict.fromkeys(one.id for one in page.listed))
    # In a whole look details that are a day old are read again.
    old = time.time() - WHOLE_EVERY_S if current.since is None else 0.0
    known = await to_thread.run_sync(shelf.told_since, ids, old)
    calls: list[Call] = [one.call for one in page.listed if one.call is not None]
    private = {one.id: one.private for one in page.listed if one.private is not None}
    known -= await to_thread.run_sync(shelf.differing, private)
    whole = {one.id for one in page.listed if one.call is not None}
    lacking = [call_id for call_id in ids if call_id not in known | whole]
    for start in range(0, len(lacking), DETAILS):
        given = await _details(feed, lacking[start : start + DETAILS])
        calls += given.found
        current.unreadable += given.unreadable
    current.unreadable += page.unreadable
    current.twice += len(page.listed) - len(ids) + await to_thread.run_sync(_seen_already, shelf, ids, current.seen)
    current.listed += len(ids)
    current.pages += 1
    current.at = time.time()
    mark = None if page.cursor is None else hashlib.sha256(page.cursor.encode()).hexdigest()[:16]
    current.cut = "repeats" if mark in current.cursors else "pages" if mark and current.pages >= MAX_PAGES else ""
    ended = mark is None or bool(current.cut)
    current.cursors += [mark] if mark is not None else []
    current.cursor = None if ended else page.cursor
    facts = {"look": json.dumps({name: getattr(current, name) for name in _Look.__slots__})}
    if page.as_of is not None:
        facts["as_of"] = page.as_of.isoformat()
    hidden = [call_id for call_id, said in private.items() if said]
    await to_thread.run_sync(shelf.put_page, calls, ids, current.seen, facts, time.time(), hidden)
    return ended


def _seen_already(shelf: Shelf, ids: Sequence[str], seen: int) -> int:
    places = ", ".join("?" * len(ids))
    return int(shelf.rows(f"SELECT count(*) FROM call WHERE seen = ? AND id IN ({places})", (seen, *ids))[0][0])  # noqa: S608


async def _finish(shelf: Shelf, current: _Look, limits: Limits) -> None:
    now = time.time()
    facts: dict[str, Any] = {"look": json.dumps(None), "trouble": "", "listed_at": now}
    whole = current.since is None
    if whole:
        facts |= {"whole_at": now, "unreadable": current.unreadable, "twice": current.twice}
        facts |= {"cut": str(current.pages) if current.cut else "", "repeats": current.cut == "repeats"}

    def finish() -> None:
        # A list that was cut, or a set that seems to have vanished, is no reason to throw away what is kept.
        complete = whole and current.listed > 0 and not current.cut
        beyond = shelf.finish_look(current.seen if complete else None, limits.calls, facts)
        if whole or beyond:
            shelf.put_facts(beyond=beyond if whole else int(shelf.facts().get("beyond") or 0) + beyond)

    await to_thread.run_sync(finish)


async def _details(feed: CallFeed, call_ids: Sequence[str]) -> Given[Call]:
    """Details of calls; one that the server refuses does not cost the others theirs."""
    try:
        return await feed.details(call_ids)
    except SourceError as error:
        if error.kind == "unavailable":
            raise
        if len(call_ids) == 1:
            return Given((), 1)
    middle = len(call_ids) // 2
    one, other = await _details(feed, call_ids[:middle]), await _details(feed, call_ids[middle:])
    return Given((*one.found, *other.found), one.unreadable + other.unreadable)


async def _transcripts(feed: CallFeed, call_ids: Sequence[str]) -> Given[Transcript]:
    try:
        return await feed.transcripts(call_ids)
    except SourceError as error:
        if error.kind == "unavailable":
            raise
        if len(call_ids) == 1:
            return Given(())
    middle = len(call_ids) // 2
    one, other = await _transcripts(feed, call_ids[:middle]), await _transcripts(feed, call_ids[middle:])
    return Given((*one.found, *other.found), one.unreadable + other.unreadable)
