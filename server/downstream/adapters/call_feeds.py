"""Feeds for the public Gong servers that do not answer in Gong's own shapes, and which feed goes with which tools.

- `retrieve_transcripts` (our own, kenazk/gong-mcp): Gong's shapes, many calls at a time (`gong_feed`).
- `gong_get_call_transcript` (Gong-mcp-full-api-integration): JSON, one call at a time, sentences with times.
- `get_call_transcript` (gongio-mcp): Markdown, one call at a time, sentences without times.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from agents.sources import Call, Sentence, SourceError, Transcript
from server.downstream.adapters.feed import CallFeed, Given, Listed, Page
from server.downstream.adapters.gong import read_call
from server.downstream.adapters.gong_feed import MOST_AT_ONCE, Doors, GongFeed, said_private
from server.downstream.adapters.gong_markdown import calls_of, cursor_of, piece_of, sentences_of
from server.downstream.adapters.trouble import as_source_error
from server.downstream.capabilities import Capability
from server.downstream.proxy import call_for_json, call_for_text, objects_in
from server.errors import SophiaError

__all__ = ["MarkdownFeed", "SegmentsFeed", "call_feed_of"]

BEGINNING = datetime(2015, 1, 1, tzinfo=UTC)
"""Before the first call that Gong recorded for anybody: some servers want both ends of a period."""
PIECE_CHARS = 100_000
MAX_PIECES = 100


def call_feed_of(doors: Doors) -> CallFeed | None:
    """The feed for the bound tools; None where calls cannot be listed or their words not be read."""
    if "calls.list" not in doors or "calls.transcripts" not in doors:
        return None
    binding = doors["calls.transcripts"][1]
    if binding.level == "untimed":
        return MarkdownFeed(doors)
    return SegmentsFeed(doors) if binding.takes("call_ids") is None and binding.takes("call_id") else GongFeed(doors)


class _OneByOne:
    """What both feeds have in common: tools that are asked for one call at a time, over a period with two ends."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    def _period(self, since: datetime | None, cursor: str | None) -> dict[str, Any]:
        end = datetime.now(UTC) + timedelta(days=1)
        return {"from": stamp(since or BEGINNING), "to": stamp(end), "cursor": cursor}

    async def _json(self, capability: Capability, **ours: Any) -> Mapping[str, Any]:
        connection, binding = self._doors[capability]
        try:
            return await call_for_json(connection, binding.tool.name, binding.arguments(**ours))
        except SophiaError as error:
            raise as_source_error(error) from error

    async def _text(self, capability: Capability, **ours: Any) -> str:
        connection, binding = self._doors[capability]
        try:
            return await call_for_text(connection, binding.tool.name, binding.arguments(**ours))
        except SophiaError as error:
            raise as_source_error(error) from error


class SegmentsFeed(_OneByOne):
    """`CallFeed` over JSON that a server made of Gong's."""

    @property
    def details_at_once(self) -> int:
        """One by one."""
        return 1 if "calls.details" in self._doors else 0

    async def page(self, since: datetime | None, cursor: str | None) -> Page:
        """One page of the calls of a period."""
        answer = await self._json("calls.list", **self._period(since, cursor))
        calls = objects_in(answer.get("calls"))
        detailed = "calls.details" in self._doors
        listed = [
            Listed(str(it["id"]), None if detailed else _read(it), said_private(it)) for it in calls if it.get("id")
        ]
        following = answer.get("nextCursor")
        return Page(tuple(listed), str(following) if following else None, unreadable=len(calls) - len(listed))

    async def details(self, call_ids: Sequence[str]) -> Given[Call]:
        """These calls, asked for one by one, in Gong's own shape: the server's leaves out who speaks as whom."""
        found: list[Call] = []
        unreadable = 0
        for call_id in call_ids if "calls.details" in self._doors else ():
            try:
                answer = await self._json("calls.details", call_id=call_id, raw=True, includeInteraction=True)
            except SourceError as error:
                # Why a call that alone is asked for is refused is told: it may be gone, or the server be busy.
                if error.kind == "unavailable" or len(call_ids) == 1:
                    raise
                continue
            raw = answer.get("raw")
            whole = objects_in(cast("Mapping[str, Any]", raw).get("calls")) if isinstance(raw, dict) else []
            call = _read(whole[0] if whole else cast("Mapping[str, Any]", answer.get("call") or {}))
            found += [call] if call is not None else []
            unreadable += call is None
        return Given(tuple(found), unreadable)

    async def transcripts(self, call_ids: Sequence[str]) -> Given[Transcript]:
        """The words of these calls, as the server gives them: it may have taken out what it must not show."""
        found: list[Transcript] = []
        for call_id in call_ids:
            try:
                answer = await self._json("calls.transcripts", call_id=call_id, includeCombinedText=False)
            except SourceError as error:
                if error.kind == "unavailable":
                    raise
                continue
            spoken = [_sentence(it) for it in objects_in(answer.get("segments")) if it.get("text")]
            if spoken:
                timed = any(sentence.end_ms for sentence in spoken)
                ordered = sorted(spoken, key=lambda sentence: sentence.start_ms) if timed else spoken
                found.append(Transcript(call_id, tuple(ordered), "timed" if timed else "untimed"))
        return Given(tuple(found))


class MarkdownFeed(_OneByOne):
    """`CallFeed` over Markdown."""

    @property
    def details_at_once(self) -> int:
        """As many as the library asks for."""
        return MOST_AT_ONCE if "calls.details" in self._doors else 0

    async def page(self, since: datetime | None, cursor: str | None) -> Page:
        """One page of the table of calls."""
        text = await self._text("calls.list", **self._period(since, cursor))
        detailed = "calls.details" in self._doors
        return Page(tuple(Listed(call.id, None if detailed else call) for call in calls_of(text)), cursor_of(text))

    async def details(self, call_ids: Sequence[str]) -> Given[Call]:
        """These calls with who took part and which account they are about."""
        if "calls.details" not in self._doors:
            return Given(())
        text = await self._text("calls.details", call_ids=list(call_ids), include=["context"])
        return Given(calls_of(text))

    async def transcripts(self, call_ids: Sequence[str]) -> Given[Transcript]:
        """The words of these calls, piece by piece where they are long."""
        found: list[Transcript] = []
        for call_id in call_ids:
            try:
                text = await self._whole(call_id)
            except SourceError as error:
                if error.kind == "unavailable":
                    raise
                continue
            if sentences := sentences_of(text):
                found.append(Transcript(call_id, sentences, "untimed"))
        return Given(tuple(found))

    async def _whole(self, call_id: str) -> str:
        pieces: list[str] = []
        offset = 0
        for _ in range(MAX_PIECES):
            said = await self._text("calls.transcripts", call_id=call_id, maxLength=PIECE_CHARS, offset=offset)
            piece = piece_of(said)
            if piece is None:
                break
            pieces.append(piece.text)
            if piece.following is None or piece.following <= offset:
                break
            offset = piece.following
        return "".join(pieces)


def stamp(instant: datetime) -> str:
    """An instant as every one of these servers takes it."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read(call: Mapping[str, Any]) -> Call | None:
    """A call in Gong's shape, or with its fields laid flat."""
    flat = {"metaData": {**call, "duration": call.get("durationSeconds") or call.get("duration")}}
    parties = [
        {**it, "emailAddress": it.get("email") or it.get("emailAddress")} for it in objects_in(call.get("parties"))
    ]
    try:
        return read_call(call if "metaData" in call else {**flat, "parties": parties})
    except (SourceError, AttributeError, KeyError, TypeError, ValueError):
        return None


def _sentence(segment: Mapping[str, Any]) -> Sentence:
    start, end = _ms(segment.get("startTime")), _ms(segment.get("endTime"))
    return Sentence(str(segment.get("speakerId") or ""), start, max(start, end), str(segment["text"]))


def _ms(value: object) -> int:
    return int(value) if isinstance(value, int | float) else 0
