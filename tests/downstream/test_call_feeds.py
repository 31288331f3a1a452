"""Calls of the public Gong servers, in their own shapes. All calls are invented."""

import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from agents.sources import SourceError
from server.downstream.adapters.call_feeds import call_feed_of
from server.downstream.adapters.feed import CallFeed
from server.downstream.adapters.gong_markdown import calls_of
from server.downstream.capabilities import bind
from server.downstream.connection import Connection

Scripted = Any
Held = Callable[[Connection], AbstractAsyncContextManager[Connection]]
Json = dict[str, Any]

META = {"id": "7", "title": "Demo | Acme", "started": "2026-01-15T10:00:00Z", "duration": 1800, "primaryUserId": "u1"}
PARTIES = [
    {"id": "p1", "name": "Ann Bell", "emailAddress": "ann@us.example", "affiliation": "Internal", "speakerId": "s1", "userId": "u1"},
    {"id": "p2", "name": "Bo Carr", "affiliation": "External", "speakerId": "s2"},
]  # fmt: skip


def said(text: str) -> Json:
    return {"content": [{"type": "text", "text": text}]}


def as_json(answer: Any) -> Json:
    return said(json.dumps(answer, indent=2))


@asynccontextmanager
async def feed_over(scripted: Scripted, held: Held, tools: Mapping[str, Any]) -> AsyncGenerator[CallFeed, None]:
    scripted.is_like(tools)
    async with held(scripted.connection()) as connection:
        assert connection.offer is not None
        feed = call_feed_of({c: (connection, b) for c, b in bind({"gong": connection.offer}, {}).items()})
        assert feed is not None
        yield feed


# Gong's shapes, without details


async def test_a_server_without_details_tells_what_its_list_tells(scripted: Scripted, held: Held) -> None:
    words = {
        "callId": "7",
        "transcript": [{"speakerId": "s1", "sentences": [{"start": 0, "end": 900, "text": "Hi."}]}],
    }
    tools = {
        "list_calls": (
            ("fromDateTime", "toDateTime"),
            lambda _: as_json({"calls": [META | {"isPrivate": True}], "records": {}}),
        ),
        "retrieve_transcripts": (("callIds",), lambda _: as_json({"callTranscripts": [words]})),
    }
    async with feed_over(scripted, held, tools) as feed:
        (listed,) = (await feed.page(None, None)).listed
        assert listed.call is not None
        assert listed.private is True
        assert listed.call.private
        assert (listed.call.title, listed.call.duration_s, listed.call.parties) == ("Demo | Acme", 1800, ())
        assert (await feed.details(["7"])).found == ()
        (transcript,) = (await feed.transcripts(["7"])).found
    assert (transcript.level, transcript.sentences[0].end_ms) == ("timed", 900)


# JSON, one call at a time


SEGMENTS = [
    {
        "speakerId": "s2",
        "speakerLabel": "Speaker s2",
        "text": "What does it cost?",
        "startTime": 900,
        "endTime": 2000,
    },
    {"speakerId": "s1", "speakerLabel": "Speaker s1", "text": "Hi.", "startTime": 0, "endTime": 900},
]


def list_pages(arguments: Mapping[str, Any]) -> Json:
    assert arguments["fromDateTime"] == "2026-01-01T00:00:00Z"
    assert arguments["toDateTime"] > arguments["fromDateTime"]
    flat = {"id": "7", "title": "Demo", "started": META["started"], "durationSeconds": 1800}
    return as_json({"calls": [flat], "nextCursor": None if "cursor" in arguments else "more"})


def one_call(arguments: Mapping[str, Any]) -> Json:
    if arguments["callId"] != "7":
        return {"isError": True, **said("No call returned for id=8")}
    summary = {"id": "7", "parties": [{"id": "p1", "name": "Ann Bell", "email": "ann@us.example"}]}
    raw = {"calls": [{"metaData": META, "parties": PARTIES}]}
    return as_json({"call": summary, **({"raw": raw} if arguments.get("raw") else {})})


JSON_TOOLS = {
    "gong_list_calls": (("fromDateTime", "toDateTime", "limit", "cursor", "raw"), list_pages),
    "gong_get_call": (("callId", "includeContent", "includeInteraction", "raw"), one_call),
    "gong_get_call_transcript": (
        ("callId", "includeCombinedText", "raw"),
        lambda arguments: as_json({"callId": arguments["callId"], "segments": SEGMENTS if arguments["callId"] == "7" else []}),
    ),
}  # fmt: skip


async def test_calls_are_read_one_by_one_with_their_speakers_and_times(scripted: Scripted, held: Held) -> None:
    async with feed_over(scripted, held, JSON_TOOLS) as feed:
        page = await feed.page(datetime(2026, 1, 1, tzinfo=UTC), None)
        assert ([it.id for it in page.listed], page.cursor) == (["7"], "more")
        assert (await feed.page(datetime(2026, 1, 1, tzinfo=UTC), "more")).cursor is None
        (call,) = (await feed.details(["7", "8"])).found
        with pytest.raises(SourceError, match="does not have what was asked for"):
            await feed.details(["8"])
        (transcript,) = (await feed.transcripts(["7", "8"])).found
    assert (call.owner, [party.speaker_id for party in call.parties]) == ("Ann Bell", ["s1", "s2"])
    assert transcript.level == "timed"
    assert [(it.speaker_id, it.start_ms, it.end_ms, it.text) for it in transcript.sentences] == [
        ("s1", 0, 900, "Hi."),
        ("s2", 900, 2000, "What does it cost?"),
    ]


# Markdown


TABLE = """**Calls** (2 total)

| ID | Title | Date | Duration | Scope |
|---|---|---|---|---|
| 7 | Demo \\| Acme | 1/15/2026 | 30m | External |
| 8 | - | 3/4/2026 | - | - |

*More results available. Cursor:* `more`"""
BLOCKS = """**Calls** (1 total)

### Demo \\| Acme
**ID:** 7 | **Date:** 1/15/2026 | **Duration:** 30m | **Scope:** External
**Account:** Acme
**Participants:** Bell, Ann (Internal), Bo Carr (External)
**Summary:** They asked for **ID:** 9 and a price.
"""
SPOKEN = (
    "[Ann Bell]: Hi. Shall we start?\n\n[Bo Carr]: What does it cost, \\| or 3.5 percent?\n\n[Ann Bell]: Twelve.\n"
)


def paged(arguments: Mapping[str, Any]) -> Json:
    """A hundred characters at most, as the server cuts them."""
    if arguments["callId"] != "7":
        return said(f"## Transcript (Call {arguments['callId']})\n\n*No transcript available*")
    start, end = arguments["offset"], arguments["offset"] + 40
    parts = ["## Transcript (Call 7)\n", f"*Showing characters {start + 1}-{end} of {len(SPOKEN)} total*\n"]
    parts += ["*[...truncated start...]*\n"] if start else []
    parts += [SPOKEN[start:end]]
    parts += ["\n*[...truncated...]*", f"\n*To see more, use offset: {end}*"] if end < len(SPOKEN) else []
    return said("\n".join(parts))


MARKDOWN_TOOLS = {
    "list_calls": (("fromDateTime", "toDateTime", "workspaceId", "cursor"), lambda _: said(TABLE)),
    "search_calls": (("callIds", "include", "fromDateTime"), lambda _: said(BLOCKS)),
    "get_call_transcript": (("callId", "maxLength", "offset"), paged),
    "get_call_summary": (("callId",), lambda _: said("## Demo")),
}


async def test_calls_in_markdown_are_read_with_their_account_and_participants(scripted: Scripted, held: Held) -> None:
    async with feed_over(scripted, held, MARKDOWN_TOOLS) as feed:
        page = await feed.page(None, None)
        (call,) = (await feed.details(["7"])).found
    assert ([it.id for it in page.listed], page.cursor) == (["7", "8"], "more")
    assert (call.id, call.title, call.account, call.duration_s) == ("7", "Demo | Acme", "Acme", 1800)
    assert call.started == datetime(2026, 1, 15, tzinfo=UTC)
    assert [(it.name, it.side) for it in call.parties] == [("Bell, Ann", "internal"), ("Bo Carr", "external")]
    assert call.owner == "Bell, Ann"


async def test_a_transcript_without_times_is_put_together_from_its_pieces(scripted: Scripted, held: Held) -> None:
    async with feed_over(scripted, held, MARKDOWN_TOOLS) as feed:
        (transcript,) = (await feed.transcripts(["7", "8"])).found
    assert transcript.level == "untimed"
    assert [(it.speaker_id, it.text) for it in transcript.sentences] == [
        ("Ann Bell", "Hi."),
        ("Ann Bell", "Shall we start?"),
        ("Bo Carr", "What does it cost, | or 3.5 percent?"),
        ("Ann Bell", "Twelve."),
    ]
    assert {(it.start_ms, it.end_ms) for it in transcript.sentences} == {(0, 0)}


def test_one_date_that_cannot_be_month_first_tells_how_all_are_written() -> None:
    months = [call.started.month for call in calls_of(TABLE)]
    days = [call.started.month for call in calls_of(TABLE.replace("1/15/2026", "15/1/2026"))]
    assert (months, days) == ([1, 3], [1, 4])


async def test_another_servers_search_is_not_taken_for_details(scripted: Scripted, held: Held) -> None:
    scripted.is_like({"search_calls": (("query", "account"), lambda _: said(BLOCKS))})
    async with held(scripted.connection()) as connection:
        assert connection.offer is not None
        assert "calls.details" not in bind({"gong": connection.offer}, {})
