"""Sources over whatever shapes servers answer with."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from agents.sources import CallScope, SourceError, Table
from server.downstream.adapters.gong import read_call, read_transcript
from server.downstream.adapters.gong_feed import GongFeed
from server.downstream.adapters.rows import table_of
from server.downstream.adapters.warehouse import McpWarehouse
from server.downstream.capabilities import Binding, bind
from server.downstream.connection import Connection
from server.downstream.proxy import Answer
from server.library.calls import CallLibrary
from server.library.looking import Limits
from server.library.shelf import Shelf

Scripted = Any
Held = Callable[[Connection], AbstractAsyncContextManager[Connection]]
EMPTY: dict[str, Any] = {}
NOTHING: list[Any] = []
BARE: dict[str, Any] = {"metaData": {"id": "7", "started": "2017-11-02T09:30:00Z"}}


# Gong's shapes


def test_a_call_with_all_its_fields_is_read() -> None:
    call = read_call(
        {
            "metaData": {
                "id": "7",
                "started": "2017-11-02T09:30:00+02:00",
                "title": "Demo (synthetic)",
                "duration": 1800,
                "primaryUserId": "u1",
                "isPrivate": False,
                "customData": "synthetic",
            },
            "parties": [
                {"id": "p1", "name": "Ann", "affiliation": "Internal", "speakerId": "s1", "userId": "u1"},
                {"id": "p2", "emailAddress": "bo@acme.example", "affiliation": "External"},
            ],
            "context": [
                {
                    "objects": [
                        {"objectType": "Account", "objectId": "a", "fields": [{"name": "Name", "value": "Acme"}]},
                        {"objectType": "Opportunity", "objectId": "o", "fields": [{"value": "no name"}]},
                    ]
                }
            ],
            "interaction": {"interactionStats": [{"name": "Talk Ratio", "value": 0.4}, {"name": "Patience"}, {}]},
            "somethingNew": {"of": "Gong's"},
        }
    )
    assert (call.account, call.deal_id, call.owner, call.synthetic) == ("Acme", "o", "Ann", True)
    ann, bo = call.parties
    assert (ann.side, ann.speaker_id) == ("internal", "s1")
    assert (bo.name, bo.side, bo.speaker_id) == ("bo@acme.example", "external", None)
    assert call.recorded_stats == {"Talk Ratio": 0.4}


@pytest.mark.parametrize(
    "more",
    [
        EMPTY,
        {"parties": None, "context": None, "interaction": None},
        {"parties": [EMPTY], "context": [EMPTY], "interaction": EMPTY},
        {"context": [{"objects": [{"objectType": "Account"}]}]},
    ],
)
def test_a_call_with_hardly_any_fields_is_read(more: dict[str, Any]) -> None:
    call = read_call(BARE | more)
    assert (call.id, call.title, call.duration_s, call.account, call.owner) == ("7", "7", 0, None, None)
    assert call.started.isoformat() == "2017-11-02T09:30:00+00:00"


@pytest.mark.parametrize("meta", [{}, {"id": "7"}, {"started": "2017-11-02"}, {"id": "7", "started": "yesterday"}])
def test_a_call_without_an_id_or_a_start_is_refused(meta: dict[str, Any]) -> None:
    with pytest.raises(SourceError, match="without an id or a start"):
        read_call({"metaData": meta})


def test_sentences_come_in_order_of_time_and_may_lack_what_exports_lack() -> None:
    transcript = read_transcript(
        {
            "callId": "7",
            "transcript": [
                {"speakerId": "s2", "sentences": [{"start": 900, "end": 1000, "text": "second"}]},
                {"sentences": [{"start": 100, "text": "first"}, {"start": 950, "end": 960}]},
                {"speakerId": "s3", "sentences": None},
            ],
        }
    )
    assert [(s.speaker_id, s.start_ms, s.end_ms, s.text) for s in transcript.sentences] == [
        ("", 100, 100, "first"),
        ("s2", 900, 1000, "second"),
    ]
    assert read_transcript({"callId": "7", "transcript": None}).sentences == ()


# The call library


def answering(**by_tool: Any) -> Callable[[Any], Any]:
    def answer(params: Any) -> Any:
        found = by_tool[params["name"]]
        result = found(params["arguments"]) if callable(found) else found
        return {"content": [], "structuredContent": result}

    return answer


@asynccontextmanager
async def library(scripted: Scripted, held: Held, where: Path, **by_tool: Any) -> AsyncGenerator[CallLibrary, None]:
    scripted.tools = ["list_calls", "get_call_details", "retrieve_transcripts"]
    scripted.answers["tools/call"] = answering(**by_tool)
    async with held(scripted.connection()) as connection:
        assert connection.offer is not None
        bound = bind({"gong": connection.offer}, {})
        feed = GongFeed({capability: (connection, binding) for capability, binding in bound.items()})
        calls = CallLibrary("gong", feed, lambda: Shelf(where / "gong-1.db"), Limits(100, 10**8), reads_on=False)
        yield calls
        await calls.aclose()


def details(arguments: Any) -> Any:
    known = {"7": BARE, "8": {"metaData": {"id": "8", "started": "2017-12-01T00:00:00Z"}}, "bad": {"metaData": EMPTY}}
    return {"calls": [known[call_id] for call_id in arguments["callIds"] if call_id in known]}


async def test_the_library_lists_all_pages_newest_first_and_leaves_out_what_is_no_call(
    scripted: Scripted, held: Held, tmp_path: Path
) -> None:
    def pages(arguments: Any) -> Any:
        if "cursor" in arguments:
            return {"calls": [{"id": "8"}, {}], "records": {}, "asOf": "2017-12-31"}
        return {"calls": [{"id": "7"}, {"id": "bad"}], "records": {"cursor": "next"}, "asOf": "some day"}

    async with library(scripted, held, tmp_path, list_calls=pages, get_call_details=details) as calls:
        assert [call.id for call in await calls.find(CallScope())] == ["8", "7"]
        assert await calls.as_of() == date(2017, 12, 31)
        assert [call.id for call in await calls.find(CallScope(to_date=date(2017, 11, 30)))] == ["7"]
        asked = scripted.methods("tools/call")
        await calls.names()
        assert scripted.methods("tools/call") == asked  # fresh enough


async def test_an_unknown_call_id_names_the_nearest_ones(scripted: Scripted, held: Held, tmp_path: Path) -> None:
    listed = {"calls": [{"id": "7"}, {"id": "8"}]}
    async with library(scripted, held, tmp_path, list_calls=listed, get_call_details=details) as calls:
        with pytest.raises(SourceError, match=r"There is no call 78\. Nearest: ") as raised:
            await calls.find(CallScope(call_id="78"))
    assert raised.value.kind == "not_found"


async def test_a_transcript_is_fetched_once_and_a_missing_one_is_none(
    scripted: Scripted, held: Held, tmp_path: Path
) -> None:
    words = {"callTranscripts": [{"callId": "7", "transcript": NOTHING}]}
    listed = {"calls": [{"id": "7"}, {"id": "8"}]}
    async with library(
        scripted, held, tmp_path, list_calls=listed, get_call_details=details, retrieve_transcripts=words
    ) as calls:
        await calls.find(CallScope())
        first = await calls.transcript("7")
        assert await calls.transcript("8") is None
        asked = scripted.methods("tools/call")
        assert await calls.transcript("7") is first
        assert await calls.transcript("8") is None
        assert scripted.methods("tools/call") == asked


# Warehouses

ROWS = Table(("agent", "won"), (("Ann", 3), ("Bo", None)))


@pytest.mark.parametrize(
    "answer",
    [
        {"columns": ["agent", "won"], "rows": [["Ann", 3], ["Bo", None]]},
        {"success": True, "columns": ["agent", "won"], "columnTypes": ["VARCHAR", "BIGINT"], "rowCount": 2,
         "rows": [["Ann", 3], ["Bo", None]]},
        [{"agent": "Ann", "won": 3}, {"agent": "Bo"}],
        {"success": True, "data": {"statements": [{"rows": [{"agent": "Ann", "won": 3}, {"agent": "Bo"}]}]}},
        {"rows": [{"agent": "Ann", "won": 3}, {"agent": "Bo", "won": None}]},
        {"success": True, "data": {"rows": [{"agent": "Ann", "won": 3}, {"agent": "Bo"}], "count": 2}},
    ],
)  # fmt: skip
def test_rows_are_read_in_each_known_shape(answer: Any) -> None:
    assert table_of(Answer("", answer)) == ROWS


@pytest.mark.parametrize(
    "text",
    [
        "[{'agent': 'Ann', 'won': 3}, {'agent': 'Bo', 'won': None}]",
        "1. row\nagent: Ann\nwon: 3\n\n2. row\nagent: Bo\nwon: NULL\n\nResult: 2 rows",
        "1. row\nagent: Ann\nwon: 3\n\n2. row\nagent: Bo\nwon: NULL",
    ],
)
def test_rows_are_read_from_texts_too(text: str) -> None:
    assert table_of(Answer(text, None)) == ROWS


def test_a_value_of_several_lines_stays_one_value() -> None:
    text = "1. row\nnote: see\nhttp: there\n3. row\nwon: 3\n\n2. row\nnote: \nwon: 0.5\n\nResult: 2 rows (output truncated)"
    expected = Table(("note", "won"), (("see\nhttp: there\n3. row", 3), ("", 0.5)), truncated=True)
    assert table_of(Answer(text, None)) == expected


def test_snowflakes_names_are_written_small_as_ours_are() -> None:
    described = [{"name": "AGENT"}, {"name": "won So far"}]
    answer = {"result_set": {"resultSetMetaData": {"rowType": described}, "data": [["Ann", "3"]]}}
    assert table_of(Answer("", answer)) == Table(("agent", "won So far"), (("Ann", "3"),))


@pytest.mark.parametrize("text", ["(42,)", "[(42,)]", "[{'a': open('x')}]", "3 rows", "", "2. row\na: 1", "[" * 9000])
def test_another_text_is_refused_and_not_guessed(text: str) -> None:
    assert table_of(Answer(text, None)) is None


def test_a_column_that_the_first_row_leaves_out_is_not_lost() -> None:
    table = table_of(Answer("", {"rows": [{"agent": "Bo"}, {"agent": "Ann", "won": 3}]}))
    assert table is not None
    assert table.columns == ("agent", "won")


def test_columns_may_be_described_and_more_rows_told_of() -> None:
    answer = {"columns": [{"name": "a", "type": "INT"}], "rows": [[1]], "has_more": True}
    assert table_of(Answer("", answer)) == Table(("a",), ((1,),), truncated=True)


async def test_more_text_than_is_kept_is_cut_and_said_to_be(scripted: Scripted, held: Held) -> None:
    long = {"structuredContent": {"columns": ["a"], "rows": [["x" * 150_000], ["short"]]}}
    async with warehouse(scripted, held, long) as source:
        table = await source.query("SELECT 1")
    assert table.truncated
    assert [len(str(row[0])) for row in table.rows] == [100_001, 5]


def test_no_rows_is_a_table_too() -> None:
    assert table_of(Answer("", {"columns": ["a"], "rows": [], "truncated": True})) == Table(
        ("a",), (), truncated=True
    )
    assert table_of(Answer("", {"rows": []})) == Table((), ())
    assert table_of(Answer("No rows returned", None)) == Table((), ())


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"rows": "3"},
        {"rows": [1, 2]},
        {"rows": [{"a": 1}, [1]]},
        {"rows": [[1, 2]], "columns": ["a"]},
        {"data": []},
        {"data": 5},
        {"columns": 5, "rows": [[1]]},
        {"columns": [5], "rows": [[1]]},
        {"statements": ["x"]},
        {"data": {"statements": [5]}},
        {"resultSetMetaData": {"rowType": ["a", 5]}, "data": [["x", "y"]]},
        {"resultSetMetaData": {"rowType": 5}, "data": []},
        {"resultSetMetaData": {"rowType": [{"name": "a"}]}, "data": 5},
        [1],
    ],
)
def test_another_shape_is_refused_and_not_guessed(answer: Any) -> None:
    assert table_of(Answer("", answer)) is None


@pytest.mark.parametrize(
    "result",
    [
        {"structuredContent": {"result": '{"columns": ["agent", "won"], "rows": [["Ann", 3], ["Bo", null]]}'}},
        {
            "structuredContent": {
                "columns": ["agent", "won"],
                "rows": [["Ann", 3], ["Bo", None]],
                "as_of": "2017-12-31",
            }
        },
        {"content": [{"type": "text", "text": '{"data": {"rows": [{"agent": "Ann", "won": 3}, {"agent": "Bo"}]}}'}]},
    ],
)
async def test_a_query_is_answered_wherever_the_server_puts_its_rows(
    scripted: Scripted, held: Held, result: dict[str, Any]
) -> None:
    async with warehouse(scripted, held, result) as source:
        assert await source.query("SELECT 1") == ROWS


@pytest.mark.parametrize(
    ("result", "kind", "said"),
    [
        (
            {"isError": True, "content": [{"type": "text", "text": "no table dela; did you mean deals?"}]},
            "refused",
            "refused the query",
        ),
        ({"structuredContent": {"success": False, "error": "read-only"}}, "refused", "refused the query"),
        ({"content": [{"type": "text", "text": "Error: no such column dela"}]}, "refused", "refused the query"),
        ({"content": [{"type": "text", "text": "3 rows"}]}, "unavailable", "without the rows"),
        ({"content": "3 rows"}, "unavailable", "no valid MCP result"),
    ],
)
async def test_a_query_that_fails_says_why(
    scripted: Scripted, held: Held, result: dict[str, Any], kind: str, said: str
) -> None:
    async with warehouse(scripted, held, result) as source:
        with pytest.raises(SourceError, match=said) as raised:
            await source.query("SELECT 1")
    assert raised.value.kind == kind


@asynccontextmanager
async def warehouse(scripted: Scripted, held: Held, result: dict[str, Any]) -> AsyncGenerator[McpWarehouse, None]:
    scripted.tools = ["execute_query"]
    scripted.says("tools/call", {"content": [], **result})
    async with held(scripted.connection()) as connection:
        assert connection.offer is not None
        (tool,) = connection.offer.tools
        form = tool.model_copy(update={"input_schema": {"type": "object", "properties": {"sql": {}}}})
        yield McpWarehouse(connection, Binding("db", form))
        assert all(
            set(message.params["arguments"]) == {"sql"}
            for message in scripted.told
            if getattr(message, "method", None) == "tools/call"
        )
