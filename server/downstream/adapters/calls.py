"""The call library: recorded calls over MCP, fetched once and kept.

Listing is cheap and asked for again after `FRESH_S`; what a call consists of is asked for once, its words when an
agent first reads them. Whoever reads one call after another is soon served from batches: each miss that follows
another at once fetches twice as many calls ahead. The newest `KEPT_TRANSCRIPTS` transcripts stay in memory.
"""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, date, datetime

import anyio
from rapidfuzz import process

from agents.analysis.calls.conversation import join
from agents.analysis.calls.searching import found_among, in_scope
from agents.sources import Call, CallQuery, CallScope, Found, Names, SourceError, Transcript
from server.downstream.adapters.feed import CallFeed

__all__ = ["CallLibrary"]

FRESH_S = 60.0
BATCH = 100
AT_ONCE_S = 2.0
KEPT_TRANSCRIPTS = 2_000
MAX_PAGES = 1_000


class CallLibrary:
    """`agents.sources.CallSource` over a feed. One for all calls of the process."""

    def __init__(self, feed: CallFeed) -> None:
        self._feed = feed
        self._calls: dict[str, Call] = {}
        self._order: tuple[str, ...] = ()
        self._names: Names | None = None
        self._as_of: date | None = None
        self._fetched_at = -FRESH_S
        self._transcripts: OrderedDict[str, Transcript] = OrderedDict()
        self._without_words: dict[str, float] = {}
        self._ahead = 1
        self._missed_at = -AT_ONCE_S
        self._one_at_a_time = anyio.Lock()

    async def as_of(self) -> date:
        """The day the set ends on as its server says, else today."""
        await self._refresh()
        return self._as_of or datetime.now(UTC).date()

    async def names(self) -> Names:
        """What a request may mention."""
        await self._refresh()
        return self._names or Names()

    async def find(self, scope: CallScope) -> Sequence[Call]:
        """The calls in scope, newest first."""
        await self._refresh()
        if scope.call_id is not None and scope.call_id not in self._calls:
            try:
                await self._fetch_details([scope.call_id])
            except SourceError as error:
                if error.kind != "not_found":
                    raise
            if scope.call_id not in self._calls:
                raise SourceError("not_found", self._no_such(scope.call_id))
        ids = (scope.call_id,) if scope.call_id is not None else self._order
        return [call for call_id in ids if in_scope(call := self._calls[call_id], scope)]

    async def transcript(self, call_id: str) -> Transcript | None:
        """The words of a call."""
        async with self._one_at_a_time:
            # A call may be transcribed later: that it has no words is believed for a while and asked again.
            asked_at = self._without_words.get(call_id, -FRESH_S)
            if call_id not in self._transcripts and anyio.current_time() - asked_at >= FRESH_S:
                await self._fetch_transcripts(call_id)
        if call_id in self._transcripts:
            self._transcripts.move_to_end(call_id)
        return self._transcripts.get(call_id)

    async def search(self, query: CallQuery) -> Found:
        """Candidates among the calls in scope."""
        calls = await self.find(query.scope)
        words = {call.id: await self.transcript(call.id) for call in calls if not call.private}
        return found_among(calls, [join(call, said) for call in calls if (said := words.get(call.id))], query)

    async def notes(self) -> Sequence[str]:
        """Nothing is missing."""
        return ()

    async def _refresh(self) -> None:
        async with self._one_at_a_time:
            if anyio.current_time() - self._fetched_at < FRESH_S:
                return
            order = await self._list()
            unknown = [call_id for call_id in order if call_id not in self._calls]
            for start in range(0, len(unknown), BATCH):
                await self._fetch_details(unknown[start : start + BATCH])
            # Newest first, and by id among those of one instant, so that the order is the same in every process.
            known = (self._calls[call_id] for call_id in order if call_id in self._calls)
            self._order = tuple(call.id for call in sorted(known, key=_newest_first))
            self._names = _names_of([self._calls[call_id] for call_id in self._order])
            self._fetched_at = anyio.current_time()

    async def _list(self) -> list[str]:
        listed: list[str] = []
        cursor: str | None = None
        for _ in range(MAX_PAGES):
            page = await self._feed.page(None, cursor)
            listed.extend(one.id for one in page.listed)
            self._calls |= {one.id: one.call for one in page.listed if one.call is not None}
            self._as_of = page.as_of or self._as_of
            if not (cursor := page.cursor):
                break
        return listed

    async def _fetch_details(self, call_ids: Sequence[str]) -> None:
        given = await self._feed.details(call_ids)
        self._calls |= {call.id: call for call in given.found}

    async def _fetch_transcripts(self, call_id: str) -> None:
        now = anyio.current_time()
        self._ahead = min(self._ahead * 2, BATCH) if now - self._missed_at < AT_ONCE_S else 1
        start = self._order.index(call_id) if call_id in self._order else len(self._order)
        others = (other for other in self._order[start + 1 :] if other not in self._transcripts)
        wanted = [call_id, *(other for other, _ in zip(others, range(self._ahead - 1), strict=False))]
        given = await self._feed.transcripts(wanted)
        found = {transcript.call_id: transcript for transcript in given.found}
        self._transcripts |= {wanted_id: found[wanted_id] for wanted_id in wanted if wanted_id in found}
        self._without_words |= {wanted_id: now for wanted_id in wanted if wanted_id not in found}
        while len(self._transcripts) > max(KEPT_TRANSCRIPTS, len(wanted)):
            self._transcripts.popitem(last=False)
        self._missed_at = anyio.current_time()

    def _no_such(self, call_id: str) -> str:
        near = [match[0] for match in process.extract(call_id, self._order, limit=3)]
        nearest = f" Nearest: {', '.join(near)}." if near else ""
        return f"There is no call {call_id[:40]}.{nearest} Ask for an account or a rep to see which calls there are."


def _newest_first(call: Call) -> tuple[float, str]:
    return (-call.started.timestamp(), call.id)


def _names_of(calls: Sequence[Call]) -> Names:
    return Names(
        accounts=tuple(sorted({call.account for call in calls if call.account})),
        reps=tuple(sorted({call.owner for call in calls if call.owner})),
        call_ids=tuple(call.id for call in calls),
    )
