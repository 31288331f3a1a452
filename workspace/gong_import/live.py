"""Gong's live API, as far as an import needs it.

The list of calls comes page by page (GET /v2/calls); for each page the details (POST /v2/calls/extensive)
and the transcripts (POST /v2/calls/transcript) are fetched and handed on, so an interrupted import keeps
what it has. Gong allows 3 requests a second and answers 429 with Retry-After beyond that or beyond the day's
10,000; it answers 404 where a range is empty.

GongError is what the caller can act on: `unauthorized`, `rate_limited`, `unavailable`, `refused`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import anyio
import httpx2

from workspace.gong_import.reading import Found, FoundCall, read_value
from workspace.toolset import Json

__all__ = ["GongApi", "GongError", "Page", "gong_client"]

INTERVAL_S = 1 / 3
MAX_ATTEMPTS = 5
MAX_WAIT_S = 120.0
FIRST_BACKOFF_S = 1.0

SELECTOR: Json = {
    "context": "Extended",
    "exposedFields": {
        "parties": True,
        "content": {"topics": True, "trackers": True, "trackerOccurrences": True, "brief": True, "keyPoints": True},
        "interaction": {"speakers": True, "personInteractionStats": True, "questions": True},
    },
}


class GongError(Exception):
    """The API did not give what was asked; the message says what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Page:
    """Calls with their words, and how many there are in all."""

    found: tuple[Found, ...]
    total: int


def gong_client(base_url: str, key: str, secret: str) -> httpx2.AsyncClient:
    """A client that authenticates as Gong wants it."""
    return httpx2.AsyncClient(base_url=base_url, auth=httpx2.BasicAuth(key, secret), timeout=60.0)


class GongApi:
    """Paces and repeats requests. `sleep` and `clock` are handed in, in seconds."""

    def __init__(
        self,
        client: httpx2.AsyncClient,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        self._client = client
        self._sleep = sleep
        self._clock = clock
        self._next_at = 0.0

    async def pages(self, since: datetime, until: datetime) -> AsyncIterator[Page]:
        """All calls that start in the range, page by page; `until` is exclusive. Raises GongError."""
        query = {"fromDateTime": since.isoformat(), "toDateTime": until.isoformat()}
        cursor: str | None = None
        while True:
            listed = await self._ask("GET", "/v2/calls", params=query | ({"cursor": cursor} if cursor else {}))
            if listed is None:
                return
            ids = [str(call["id"]) for call in listed.get("calls", [])]
            records = listed.get("records", {})
            yield Page(tuple(await self._whole(ids)), int(records.get("totalRecords", len(ids))))
            cursor = records.get("cursor")
            if not cursor:
                return

    async def _whole(self, ids: list[str]) -> list[Found]:
        """Details and transcripts of some calls, joined by id."""
        if not ids:
            return []
        wanted: Json = {"filter": {"callIds": ids}}
        details = await self._all("/v2/calls/extensive", wanted | {"contentSelector": SELECTOR}, "calls")
        spoken = await self._all("/v2/calls/transcript", wanted, "callTranscripts")
        words = {str(transcript["callId"]): transcript for transcript in spoken}
        found: list[Found] = []
        for item in read_value(details, "gong"):
            call_id = str(item.call["metaData"].get("id")) if isinstance(item, FoundCall) else ""
            found.append(
                FoundCall(f"call {call_id}", item.call, words.get(call_id)) if isinstance(item, FoundCall) else item
            )
        return found

    async def _all(self, path: str, body: Json, key: str) -> list[Json]:
        """Every page of a POST."""
        entries: list[Json] = []
        cursor: str | None = None
        while True:
            page = await self._ask("POST", path, json=body | ({"cursor": cursor} if cursor else {}))
            if page is None:
                return entries
            entries += page.get(key, [])
            cursor = page.get("records", {}).get("cursor")
            if not cursor:
                return entries

    async def _ask(self, method: str, path: str, **what: Any) -> Json | None:
        """One request with its repetitions; None for 404, which is Gong's way to say "none"."""
        for attempt in range(MAX_ATTEMPTS):
            await self._pace()
            try:
                response = await self._client.request(method, path, **what)
            except httpx2.TransportError:
                response = None
            if response is not None and response.status_code < 500 and response.status_code != 429:
                return _answer(response)
            await self._sleep(_wait_s(response, attempt))
        raise GongError("unavailable", f"Gong did not answer {path} in {MAX_ATTEMPTS} attempts. Try again later.")

    async def _pace(self) -> None:
        wait_s = self._next_at - self._clock()
        if wait_s > 0:
            await self._sleep(wait_s)
        self._next_at = max(self._clock(), self._next_at) + INTERVAL_S


def _answer(response: httpx2.Response) -> Json | None:
    match response.status_code:
        case 404:
            return None
        case 401 | 403:
            what = "Gong refused the key. Check GONG_ACCESS_KEY, GONG_ACCESS_SECRET and the key's scopes."
            raise GongError("unauthorized", what)
        case status if status >= 400:
            raise GongError("refused", f"Gong refused the request with status {status}. Check --from and --to.")
        case _:
            return response.json()


def _wait_s(response: httpx2.Response | None, attempt: int) -> float:
    """Retry-After where Gong names it, else a growing pause. Raises GongError where it is not worth waiting."""
    named = response.headers.get("Retry-After") if response is not None else None
    wait_s = float(named) if named and named.isdecimal() else FIRST_BACKOFF_S * 2**attempt
    if wait_s > MAX_WAIT_S:
        raise GongError("rate_limited", f"Gong's limit is used up; it asks to come back in {wait_s:.0f} s.")
    return wait_s
