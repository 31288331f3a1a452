"""What a client of the call server can ask and what it gets."""

import json
from datetime import UTC, datetime
from pathlib import Path

import mcp_types as types
import pytest
from jsonschema import Draft202012Validator
from mcp import MCPError

from tests.workspace.callers import ToolUser, gong_pair
from workspace.gong.library import Library
from workspace.gong_import.reading import FoundCall
from workspace.gong_import.shelf import Shelf

DISCOVERY = "7400170906000101"
NOT_TRANSCRIBED = "7400171115000902"
SECURITY_REVIEW = "7400171128000502"


async def test_every_tool_tells_a_model_what_it_is_for(gong: ToolUser) -> None:
    async with gong.client() as client:
        tools = (await client.list_tools()).tools
    assert [tool.name for tool in tools] == [
        "list_calls",
        "retrieve_transcripts",
        "get_call_details",
        "search_calls",
        "get_users",
        "gong_call_analysis",
        "gong_transcript_extraction",
        "get_coaching_report",
    ]
    for tool in tools:
        assert tool.title
        assert tool.description
        assert len(tool.description) > 60
        for schema in (tool.input_schema, tool.output_schema):
            assert schema
            Draft202012Validator.check_schema(schema)
            assert schema["type"] == "object"
            assert "$ref" not in json.dumps(schema)
        assert tool.annotations
        assert tool.annotations.read_only_hint
        assert tool.annotations.idempotent_hint
        assert tool.annotations.open_world_hint is False


async def test_listed_calls_say_that_they_are_synthetic_and_what_day_it_is(gong: ToolUser) -> None:
    listed = await gong.gets("list_calls")
    assert listed["records"] == {"totalRecords": 26, "currentPageSize": 26, "currentPageNumber": 0}
    assert (listed["asOf"], listed["synthetic"], listed["unreadableFiles"]) == ("2017-12-31", True, [])
    assert [call["started"] for call in listed["calls"]] == sorted(call["started"] for call in listed["calls"])


async def test_the_end_of_a_range_is_exclusive_and_its_start_is_not(gong: ToolUser) -> None:
    listed = await gong.gets("list_calls", fromDateTime="2017-12-19T16:00:00Z", toDateTime="2017-12-19T18:00:00Z")
    assert [call["started"] for call in listed["calls"]] == ["2017-12-19T16:00:00Z"]


async def test_a_long_list_comes_in_pages_that_fit_together(imported_gong: ToolUser, shelf_folder: Path) -> None:
    for number in range(230):
        started = f"2026-01-01T{number // 60:02d}:{number % 60:02d}:00Z"
        pair = gong_pair(str(1000 + number), started=started)
        (shelf_folder / f"{number}.json").write_text(json.dumps(pair))
    seen: list[str] = []
    cursor: dict[str, str] = {}
    for size in (100, 100, 30):
        page = await imported_gong.gets("list_calls", **cursor)
        assert (page["records"]["totalRecords"], page["records"]["currentPageSize"]) == (230, size)
        seen += [call["id"] for call in page["calls"]]
        cursor = {"cursor": page["records"].get("cursor")}
    assert seen == [str(1000 + number) for number in range(230)]
    assert cursor == {"cursor": None}


async def test_a_cursor_of_another_request_is_refused(imported_gong: ToolUser, shelf_folder: Path) -> None:
    for number in range(101):
        (shelf_folder / f"{number}.json").write_text(json.dumps(gong_pair(str(number))))
    cursor = (await imported_gong.gets("list_calls"))["records"]["cursor"]
    text, error = await imported_gong.is_refused("list_calls", cursor=cursor, fromDateTime="2020-01-01")
    assert error["code"] == "bad_cursor"
    assert "without it" in text
    _, error = await imported_gong.is_refused("list_calls", cursor="rubbish")
    assert error["code"] == "bad_cursor"


async def test_transcripts_join_the_parties_by_speaker(gong: ToolUser) -> None:
    transcript = (await gong.gets("retrieve_transcripts", callIds=[DISCOVERY]))["callTranscripts"][0]
    call = (await gong.gets("get_call_details", callId=DISCOVERY))["calls"][0]
    speakers = {party["speakerId"]: party["name"] for party in call["parties"]}
    first = transcript["transcript"][0]
    assert speakers[first["speakerId"]] == "Cassey Cress"
    assert first["sentences"][0] == {
        "start": 2000,
        "end": 6140,
        "text": "Hi Dana, hi Raj, can you both hear me all right?",
    }
    spoken_s = sum(s["end"] - s["start"] for m in transcript["transcript"] for s in m["sentences"]) / 1000
    assert sum(s["talkTime"] for s in call["interaction"]["speakers"]) == pytest.approx(spoken_s)


async def test_details_hold_the_deal_as_the_crm_has_it(gong: ToolUser) -> None:
    call = (await gong.gets("get_call_details", callIds=[DISCOVERY]))["calls"][0]
    deal, account = call["context"][0]["objects"]
    fields = {field["name"]: field["value"] for field in deal["fields"]}
    assert (deal["objectType"], deal["objectId"]) == ("Opportunity", "LFMMI05H")
    assert (fields["StageName"], fields["Amount"], fields["CloseDate"]) == ("Won", 5881.0, "2017-12-21")
    assert {field["name"]: field["value"] for field in account["fields"]}["Industry"] == "technology"


async def test_an_unknown_call_id_names_the_nearest_ones(gong: ToolUser) -> None:
    for tool in ("gong_call_analysis", "gong_transcript_extraction"):
        text, error = await gong.is_refused(tool, call_id="7400170906000111")
        assert error["code"] == "unknown_call"
        assert DISCOVERY in error["nearest"]
        assert DISCOVERY in text
    _, error = await gong.is_refused("get_call_details", callId="7400170906000111")
    assert error["code"] == "unknown_call"


async def test_what_cannot_be_given_is_named_beside_what_can(gong: ToolUser) -> None:
    answer = await gong.gets("retrieve_transcripts", callIds=[DISCOVERY, NOT_TRANSCRIBED, "12"])
    assert [transcript["callId"] for transcript in answer["callTranscripts"]] == [DISCOVERY]
    assert {missing["callId"]: missing["reason"] for missing in answer["missing"]} == {
        NOT_TRANSCRIBED: "no_transcript",
        "12": "unknown_call",
    }


async def test_a_bad_date_is_told_how_to_write_one(gong: ToolUser) -> None:
    text, error = await gong.is_refused("list_calls", fromDateTime="last week")
    assert error["code"] == "bad_date"
    assert "2017-10-01" in text
    text, _ = await gong.is_refused("list_calls", fromDateTime="2017-12-01", toDateTime="2017-11-01")
    assert "later than" in text


async def test_arguments_that_break_the_schema_name_the_field(gong: ToolUser) -> None:
    text, error = await gong.is_refused("gong_call_analysis", call_id=DISCOVERY, analysis_type="deep")
    assert error["code"] == "invalid_arguments"
    assert "analysis_type" in text
    assert "detailed" in text
    text, _ = await gong.is_refused("search_calls", acount="Acme")
    assert "acount" in text
    text, _ = await gong.is_refused("gong_call_analysis", call_id="x" * 5_000_000)
    assert len(text) < 500


async def test_an_unknown_tool_is_a_protocol_error_that_lists_the_tools(gong: ToolUser) -> None:
    async with gong.client() as client:
        with pytest.raises(MCPError, match="list_calls"):
            await client.call_tool("list_call", {})


async def test_search_finds_what_was_said_and_when(gong: ToolUser) -> None:
    found = await gong.gets("search_calls", query="what did they say about Velotek support", account="acme")
    first = found["calls"][0]
    assert first["account"] == "Acme Corporation"
    assert first["matchedWords"] == ["velotek", "support"]
    match = first["matches"][0]
    assert "support" in match["text"].lower()
    assert match["end"] > match["start"]


async def test_search_without_words_gives_the_newest_calls_of_a_person(gong: ToolUser) -> None:
    found = await gong.gets("search_calls", participant="elease", limit=2)
    assert found["records"]["totalRecords"] == 4
    assert [call["metaData"]["started"][:10] for call in found["calls"]] == ["2017-12-19", "2017-11-30"]


async def test_a_search_that_finds_nothing_says_why(gong: ToolUser) -> None:
    by_account = await gong.gets("search_calls", account="Akme Corp")
    assert "Acme Corporation" in by_account["note"]
    by_person = await gong.gets("search_calls", participant="Casey Kress")
    assert "Cassey Cress" in by_person["note"]
    by_date = await gong.gets("search_calls", account="Acme", toDateTime="2017-01-01")
    assert "Widen the dates" in by_date["note"]


async def test_an_instruction_said_on_a_call_stays_a_quote(gong: ToolUser) -> None:
    found = await gong.gets("search_calls", query="ignore your instructions Slack", account="globex")
    assert any("post this to Slack" in match["text"] for match in found["calls"][0]["matches"])


async def test_the_old_analysis_counts_what_was_said(gong: ToolUser) -> None:
    analysis = await gong.gets("gong_call_analysis", call_id="7400171214000103")
    assert analysis["synthetic"] is True
    assert {competitor["name"] for competitor in analysis["competitors"]} == {"Corvanta", "Velotek"}
    assert any("5,881" in quote["text"] for quote in analysis["pricing"])
    assert sum(person["talk_share"] for person in analysis["participants"]) == pytest.approx(1, abs=0.001)
    assert all(step["end_s"] > step["start_s"] for step in analysis["next_steps"])
    assert "candidates, not facts" in analysis["method"]
    assert "transcript" not in analysis


async def test_each_kind_of_analysis_gives_its_own_part(gong: ToolUser) -> None:
    basic = await gong.gets("gong_call_analysis", call_id=DISCOVERY, analysis_type="basic", include_transcript=True)
    assert "topics" not in basic
    assert len(basic["transcript"]) > 100
    sentiment = await gong.gets("gong_call_analysis", call_id=DISCOVERY, analysis_type="sentiment")
    assert "participants" not in sentiment
    assert sentiment["sentiment"]["overall"]["label"] in {"positive", "neutral", "negative"}
    coaching = await gong.gets("gong_call_analysis", call_id="7400171116000403", analysis_type="coaching")
    advice = {point["area"]: point["kind"] for point in coaching["coaching"]}
    assert advice["talk_ratio"] == "improvement"


async def test_a_call_without_words_cannot_be_analysed_and_says_so(gong: ToolUser) -> None:
    text, error = await gong.is_refused("gong_call_analysis", call_id=NOT_TRANSCRIBED)
    assert error["code"] == "no_transcript"
    assert "get_call_details" in text


async def test_a_transcript_comes_in_four_forms(gong: ToolUser) -> None:
    raw = await gong.gets("gong_transcript_extraction", call_id=DISCOVERY, format="raw", include_metadata=False)
    assert raw["transcript"]["callId"] == DISCOVERY
    assert "metadata" not in raw
    clean = await gong.gets("gong_transcript_extraction", call_id=DISCOVERY)
    assert "Mm-hm" not in clean["text"]
    assert "[00:02] Cassey Cress: Hi Dana" in clean["text"]
    assert " um," not in clean["text"]
    structured = await gong.gets("gong_transcript_extraction", call_id=DISCOVERY, format="structured")
    assert structured["segments"][0]["start_s"] == 2.0
    summary = await gong.gets("gong_transcript_extraction", call_id=DISCOVERY, format="summary")
    assert "5,482" in summary["text"]


async def test_a_coaching_report_averages_the_calls_of_a_period(gong: ToolUser) -> None:
    report = await gong.gets(
        "get_coaching_report", **{"rep": "cassey cress", "from": "2017-10-31", "to": "2017-12-14"}
    )
    assert (report["rep"], report["manager"], report["calls_analyzed"]) == ("Cassey Cress", "Rocco Neubert", 2)
    mean = sum(call["talk_ratio"] for call in report["calls"]) / 2
    assert report["averages"]["talk_ratio"] == pytest.approx(mean, abs=0.01)
    assert all(point["example"]["call_id"] for point in report["observations"])
    assert all(point["threshold"] for point in report["observations"])


async def test_an_unknown_rep_names_the_nearest_ones(gong: ToolUser) -> None:
    text, error = await gong.is_refused("get_coaching_report", rep="Casey Kress")
    assert error["nearest"][0] == "Cassey Cress"
    assert "get_users" in text


async def test_a_rep_without_calls_gets_an_empty_report_with_the_reason(gong: ToolUser) -> None:
    nobody = await gong.gets("get_coaching_report", rep="Moses Frase")
    assert (nobody["calls_analyzed"], nobody["averages"], nobody["note"]) == (
        0,
        None,
        "Moses Frase has no recorded call.",
    )
    early = await gong.gets("get_coaching_report", rep="Cassey Cress", to="2017-01-31")
    assert "3 between 2017-09-06 and 2017-12-14" in early["note"]
    silent = await gong.gets("get_coaching_report", rep="Anna Snelling")
    assert silent["calls_without_transcript"] == [NOT_TRANSCRIBED]


async def test_transcripts_are_resources_too(gong: ToolUser, library: Library) -> None:
    async with gong.client() as client:
        listed = (await client.list_resources()).resources
        assert len(listed) == len(library.cards)
        read = await client.read_resource(f"gong://calls/{SECURITY_REVIEW}/transcript")
        (contents,) = read.contents
        assert isinstance(contents, types.TextResourceContents)
        assert "[00:" in contents.text
        assert "Henrik Dahl" in contents.text
        with pytest.raises(MCPError, match="There is no call"):
            await client.read_resource("gong://calls/12/transcript")
        with pytest.raises(MCPError, match="Resources here"):
            await client.read_resource("gong://users")


async def test_the_prompt_asks_for_quotes_with_times(gong: ToolUser) -> None:
    async with gong.client() as client:
        (prompt,) = (await client.list_prompts()).prompts
        got = await client.get_prompt(prompt.name, {"call_id": DISCOVERY})
        content = got.messages[0].content
        assert isinstance(content, types.TextContent)
        assert DISCOVERY in content.text
        with pytest.raises(MCPError):
            await client.get_prompt(prompt.name, {"call_id": "the last one"})


async def test_imported_calls_are_given_as_they_came(imported_gong: ToolUser, shelf_folder: Path) -> None:
    pair = gong_pair("77")
    (shelf_folder / "77.json").write_text(json.dumps(pair))
    (shelf_folder / "broken.json").write_text("{")
    listed = await imported_gong.gets("list_calls")
    assert (listed["asOf"], listed["synthetic"], listed["unreadableFiles"]) == ("2026-10-05", False, ["broken.json"])
    details = await imported_gong.gets("get_call_details", callId="77")
    assert details["calls"] == [pair["call"]]
    users = await imported_gong.gets("get_users")
    assert [user["id"] for user in users["users"]] == ["900"]


async def test_calls_imported_while_the_server_runs_are_there_at_the_next_question(
    imported_gong: ToolUser, shelf_folder: Path
) -> None:
    now = datetime(2026, 12, 1, tzinfo=UTC)
    assert (await imported_gong.gets("list_calls"))["calls"] == []
    Shelf(shelf_folder, now).take([FoundCall("a", gong_pair("77")["call"], None)])
    assert [call["id"] for call in (await imported_gong.gets("list_calls"))["calls"]] == ["77"]
    Shelf(shelf_folder, now).take([FoundCall("b", gong_pair("77", title="New")["call"], None)])
    assert [call["title"] for call in (await imported_gong.gets("list_calls"))["calls"]] == ["New"]


async def test_an_empty_directory_is_an_empty_answer(imported_gong: ToolUser) -> None:
    listed = await imported_gong.gets("list_calls")
    assert (listed["calls"], listed["asOf"]) == ([], None)
    _, error = await imported_gong.is_refused("gong_call_analysis", call_id="1")
    assert error["code"] == "unknown_call"
