"""`agents.sources.CallSource` over a library: what is kept is answered at once, what is missing is asked for.

A question waits for the server only where it has to: a short look for what is new, the words of calls that nobody has
read yet. A server that is away costs a note, not the answer, as long as something is kept. Reading on is the work of
`run`, in the background, by one process at a time.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from uuid import uuid4

import anyio
from anyio import to_thread
from rapidfuzz import process

from agents.sources import Call, CallQuery, CallScope, Found, Names, SourceError, Transcript
from server.config import DownstreamServer, Masks, UnresolvedReferenceError
from server.downstream.adapters.feed import CallFeed
from server.library.file import library_path
from server.library.finding import search
from server.library.looking import BATCH, Limits, look, pause_s, read_batch, recheck, to_read, wants_a_pause
from server.library.notes import freshness_of, notes_of
from server.library.shelf import Facts, Shelf
from server.state.database import StoreError

__all__ = ["CallLibrary", "library_of"]

logger = logging.getLogger(__name__)

FRESH_S = 60.0
FIRST_PATIENCE_S = 4.0
PATIENCE_S = 1.0
READ_NOW = 60
"""So many unread calls of a scope are read before it is searched; of more, those that are read are searched."""
REMEMBERED = 64
RECHECK_S = 600.0
"""No call is quoted whose details are older, so that one that became private is soon no longer quoted."""
NEAR = 500
UNCHECKED = (
    "Whether calls have become private in the last minutes could not be checked: the call server does not say."
)
START_AFTER_S = 3.0
EVERY_S = 600.0
NO_FACTS: Facts = {}
LEASE_S = 120.0
BREATH_S = 0.3
LONG_BREATH_S = 2.0


class CallLibrary:
    """The calls of one server. One for all calls of the process; `aclose` ends it."""

    def __init__(
        self, server: str, feed: CallFeed, opened: Callable[[], Shelf], limits: Limits, *, reads_on: bool
    ) -> None:
        self.server = server
        self.feed = feed
        self.limits = limits
        self._reads_on = reads_on
        self.holder = uuid4().hex
        self._opened = opened
        self._shelf: Shelf | None = None
        self._opening = anyio.Lock()
        self._looking = anyio.Lock()
        self._fetching = anyio.Lock()
        self._asked: dict[str, None] = {}
        self._asking = 0
        self._looked_at = float("-inf")
        self._near: list[str] = []
        self._trouble = ""
        self._checking = anyio.Lock()
        self._unchecked_until = float("-inf")
        self._remembered: OrderedDict[str, Transcript] = OrderedDict()

    async def shelf(self) -> Shelf:
        """The open library. Raises SourceError where it cannot be opened."""
        async with self._opening:
            if self._shelf is not None and self._shelf.deleted():  # `sophia library forget` beside this process
                await to_thread.run_sync(self._shelf.close)
                self._shelf = None
            if self._shelf is None:
                try:
                    self._shelf = await to_thread.run_sync(self._opened)
                    self._remembered.clear()
                    self._looked_at = float("-inf")
                except (StoreError, UnresolvedReferenceError) as error:
                    logger.exception("the call library cannot be opened")
                    raise SourceError(
                        "unavailable",
                        "The library of recorded calls cannot be opened; `sophia doctor` says why and what to do.",
                    ) from error
            return self._shelf

    async def aclose(self) -> None:
        """Close the file."""
        async with self._opening:
            if self._shelf is not None:
                await to_thread.run_sync(self._shelf.close)
                self._shelf = None

    async def as_of(self) -> date:
        """The day the set ends on as its server says, else today."""
        shelf = await self._fresh()
        said = (await to_thread.run_sync(shelf.facts)).get("as_of")
        return date.fromisoformat(said) if said else datetime.now(UTC).date()

    async def names(self) -> Names:
        """What a request may mention."""
        shelf = await self._fresh()
        return await to_thread.run_sync(shelf.names)

    async def find(self, scope: CallScope) -> Sequence[Call]:
        """The calls in scope, newest first."""
        shelf = await self._fresh()
        found = await to_thread.run_sync(shelf.find, scope)
        if scope.call_id is None:
            self._near = [call.id for call in found[:NEAR]]
        if found or scope.call_id is None:
            return found
        return await self._find_one(shelf, scope.call_id, scope)

    async def transcript(self, call_id: str) -> Transcript | None:
        """The words of a call."""
        shelf = await self.shelf()
        await self._check(shelf, call_id)
        state = await to_thread.run_sync(shelf.words, call_id)
        if state is None or state[0] == "private":
            self._remembered.pop(call_id, None)
            return None
        # A call may be transcribed later: that it has no words is believed for a while and asked again.
        if state[0] in {"waiting", "dropped"} or (state[0] == "none" and time.time() - state[1] > FRESH_S):
            self._remembered.pop(call_id, None)
            try:
                await self._fetch(shelf, call_id)
            except SourceError as error:
                if call_id not in self._remembered:
                    raise
                self._trouble = error.message  # the words are there and cannot be kept
            if call_id in self._remembered:
                return self._remembered[call_id]
        return await self._remember(shelf, call_id)

    async def search(self, query: CallQuery) -> Found:
        """Candidates among the calls in scope."""
        shelf = await self._fresh()
        unread = await to_thread.run_sync(shelf.waiting, query.scope, READ_NOW + 1)
        if unread and len(unread) <= READ_NOW:
            with anyio.move_on_after(FIRST_PATIENCE_S):
                await self._read_now(shelf, unread)
        found = await to_thread.run_sync(search, shelf, query)
        self._near = list(dict.fromkeys(passage.call_id for passage in found.passages))[-NEAR:][::-1]
        if self.feed.details_at_once > 1 and await self._check(shelf, None):
            return await to_thread.run_sync(search, shelf, query)
        return found

    async def notes(self) -> Sequence[str]:
        """What is missing from the library, and why."""
        shelf = await self.shelf()
        notes = await to_thread.run_sync(notes_of, shelf, self.limits)
        if self._trouble and not any(self._trouble in note for note in notes):
            notes.append(self._trouble)
        return [*notes, UNCHECKED] if anyio.current_time() < self._unchecked_until else notes

    async def freshness(self) -> str:
        """How far the library has come and when it was last brought up to date."""
        shelf = await self.shelf()
        return await to_thread.run_sync(freshness_of, shelf)

    async def run(self) -> None:
        """Keep the library up to date for as long as the process serves."""
        if not self._reads_on:
            return
        await anyio.sleep(START_AFTER_S)
        failures = 0
        while True:
            rest_s = EVERY_S
            try:
                await self._catch_up()
                failures = 0
            except SourceError as error:
                failures += 1
                rest_s = pause_s(failures, error.message)
            except Exception:  # whatever a foreign answer or a full disk leads to, serving goes on
                logger.exception("the call library could not be brought up to date")
                failures += 1
                rest_s = pause_s(failures, "")
            await anyio.sleep(rest_s)

    async def _catch_up(self) -> None:
        shelf = await self.shelf()
        try:
            while await to_thread.run_sync(shelf.lease, "read", self.holder, LEASE_S) and not shelf.deleted():
                await self.look(shelf, EVERY_S)
                batch = await to_thread.run_sync(to_read, shelf)
                if not batch:
                    return
                await read_batch(shelf, self.feed, batch, self.limits)
                # Whoever asks goes first, and the server is left some time of its own.
                await anyio.sleep(LONG_BREATH_S if self._asking else BREATH_S)
        finally:
            if not shelf.deleted():
                with anyio.CancelScope(shield=True):
                    await to_thread.run_sync(shelf.release, "read", self.holder)

    async def _fresh(self) -> Shelf:
        """The library, after a look at what is new where the last one is some time ago."""
        shelf = await self.shelf()
        if anyio.current_time() - self._looked_at < FRESH_S:
            return shelf
        listed = bool((await to_thread.run_sync(shelf.facts)).get("whole_at"))
        self._asking += 1
        try:
            with anyio.move_on_after(PATIENCE_S if listed else FIRST_PATIENCE_S):
                await self.look(shelf, FRESH_S)
        except SourceError as error:
            if not (await to_thread.run_sync(shelf.stock)).calls:
                raise
            self._trouble = error.message
            self._looked_at = anyio.current_time()
        finally:
            self._asking -= 1
        return shelf

    async def look(self, shelf: Shelf, every_s: float = 0.0, told: Callable[[int], None] | None = None) -> None:
        """List what has changed, unless that was done less than `every_s` ago. Raises SourceError."""
        async with self._looking:
            # Another process may have looked meanwhile.
            listed_at = float((await to_thread.run_sync(shelf.facts)).get("listed_at") or 0)
            if time.time() - listed_at >= every_s:
                await look(shelf, self.feed, self.limits, told)
                self._trouble = ""
            self._looked_at = anyio.current_time()

    async def _check(self, shelf: Shelf, call_id: str | None) -> bool:
        """Read the details of a call again where they are old, with those of others that were found with it; with none
        given, of the first that were found. Whether any were read."""
        if not self.feed.details_at_once or anyio.current_time() < self._unchecked_until:
            return False
        async with self._checking:
            near = self._near if call_id is None else [call_id, *self._near]
            old = await to_thread.run_sync(shelf.stale, near, time.time() - RECHECK_S)
            batch = old[: self.feed.details_at_once]
            if not batch or call_id not in (None, *batch):
                return False
            try:
                with anyio.fail_after(FIRST_PATIENCE_S):
                    await self._recheck(shelf, batch)
            except (SourceError, TimeoutError):
                logger.info("whether calls became private could not be checked", exc_info=True)
                self._unchecked_until = anyio.current_time() + FRESH_S
                return False
            return True

    async def _recheck(self, shelf: Shelf, batch: Sequence[str]) -> None:
        """One that the server refuses does not cost the others their check, nor is it quoted."""
        try:
            await recheck(shelf, self.feed, batch)
        except SourceError as error:
            if wants_a_pause(error):
                raise
            if len(batch) > 1:
                await self._recheck(shelf, batch[:1])
                return
            await to_thread.run_sync(partial(shelf.forget, batch, listed=error.kind != "not_found"))

    async def _find_one(self, shelf: Shelf, call_id: str, scope: CallScope) -> Sequence[Call]:
        """A call that is not listed, asked for by its id."""
        try:
            given = await self.feed.details([call_id])
        except SourceError as error:
            if error.kind == "unavailable":
                raise
            given = None
        found = [call for call in given.found if call.id == call_id] if given else []
        if found:
            await to_thread.run_sync(shelf.put_page, found, (), time.time_ns(), NO_FACTS, time.time())
            return await to_thread.run_sync(shelf.find, scope)
        if await to_thread.run_sync(shelf.words, call_id):
            return ()
        ids = (await to_thread.run_sync(shelf.names)).call_ids
        near = [match[0] for match in process.extract(call_id, ids, limit=3)]
        nearest = f" Nearest: {', '.join(near)}." if near else ""
        raise SourceError(
            "not_found",
            f"There is no call {call_id[:40]}.{nearest} Ask for an account or a rep to see which calls there are.",
        )

    async def _fetch(self, shelf: Shelf, call_id: str) -> None:
        """Read the words of a call, together with those that others wait for by then."""
        self._asked[call_id] = None
        self._asking += 1
        try:
            async with self._fetching:
                if call_id in self._asked:
                    batch = list(self._asked)[:BATCH]
                    self._asked = {one: None for one in self._asked if one not in batch}
                    wanted = list(dict.fromkeys([call_id, *batch]))
                    await read_batch(shelf, self.feed, wanted, self.limits, self._recall)
        finally:
            self._asked.pop(call_id, None)
            self._asking -= 1

    async def _read_now(self, shelf: Shelf, call_ids: Sequence[str]) -> None:
        self._asking += 1
        try:
            async with self._fetching:
                for start in range(0, len(call_ids), BATCH):
                    await read_batch(shelf, self.feed, call_ids[start : start + BATCH], self.limits)
        except SourceError as error:
            logger.info("some calls could not be read before they were searched", exc_info=True)
            self._trouble = error.message
        finally:
            self._asking -= 1

    async def _remember(self, shelf: Shelf, call_id: str) -> Transcript | None:
        """The kept words; those of calls that were read lately are the same object each time."""
        known = self._remembered.get(call_id)
        kept = await to_thread.run_sync(shelf.transcript, call_id) if known is None else known
        if kept is not None:
            self._recall(kept)
        return kept

    def _recall(self, transcript: Transcript) -> None:
        self._remembered[transcript.call_id] = transcript
        self._remembered.move_to_end(transcript.call_id)
        while len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)


def library_of(
    server: DownstreamServer, feed: CallFeed, state_dir: Path, environ: Mapping[str, str], masks: Masks
) -> CallLibrary:
    """The library of a configured server; its file is opened when it is first needed."""
    return CallLibrary(
        server.name,
        feed,
        lambda: Shelf(library_path(state_dir, server, environ, masks)),
        Limits(server.library_max_calls, server.library_max_mb * 1_000_000),
        reads_on=server.library_background,
    )
