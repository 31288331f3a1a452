"""What a server says when it fails: a sentence of ours reaches the client, the server's own goes to the log."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import mcp_types as t
import pytest

from agents.sources import SourceError
from server.downstream.adapters.trouble import as_source_error
from server.downstream.adapters.warehouse import McpWarehouse
from server.downstream.capabilities import Binding
from server.downstream.connection import Connection
from server.downstream.proxy import call_for_json, call_for_text
from server.errors import DownstreamBroke, DownstreamGarbage, NotThere, SophiaError, SourceFailed

Scripted = Any
Held = Callable[[Connection], AbstractAsyncContextManager[Connection]]
SECRET = "hunter2-hunter2"  # noqa: S105  nobody's
TRACE = f"Traceback: /srv/app.py line 3, token={SECRET}"


def says(text: str, **more: Any) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}], **more}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (TRACE, SourceFailed),
        ("There is no rep 'Bo'. get_users gives all names.", NotThere),
        ("No call returned for id=7", NotThere),
        ("Request failed with status code 404", NotThere),
        ("channel_not_found", NotThere),
        ("", SourceFailed),
    ],
)
async def test_a_tool_that_says_no_is_told_in_our_words(
    said: str, expected: type[SophiaError], scripted: Scripted, held: Held, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    scripted.says("tools/call", says(said, isError=True))
    async with held(scripted.connection()) as connection:
        with pytest.raises(SourceFailed) as raised:
            await call_for_json(connection, "echo", {})
    assert type(raised.value) is expected
    assert "`echo` of the server `scripted`" in raised.value.message
    assert not said or said not in raised.value.message
    assert said in caplog.text


@pytest.mark.parametrize(
    ("code", "expected", "kind"),
    [
        (t.INVALID_PARAMS, NotThere, "not_found"),
        (t.INTERNAL_ERROR, DownstreamBroke, "unavailable"),
        (0, DownstreamBroke, "unavailable"),
    ],
)
async def test_only_wrong_parameters_mean_that_something_does_not_exist(
    code: int, expected: type[SophiaError], kind: str, scripted: Scripted, held: Held
) -> None:
    scripted.refuses("tools/call", code, TRACE)
    async with held(scripted.connection()) as connection:
        with pytest.raises(SophiaError) as raised:
            await call_for_json(connection, "echo", {})
    assert type(raised.value) is expected
    assert "Traceback" not in raised.value.message
    assert as_source_error(raised.value).kind == kind


@pytest.mark.parametrize(
    ("result", "found"),
    [
        (says('{"a": 1}'), {"a": 1}),
        (says('SOQL query results:\n\n{\n  "a": 1\n}'), {"a": 1}),
        (says("ignored", structuredContent={"a": 1}), {"a": 1}),
        (says("", structuredContent={"result": '{"a": 1}'}), {"a": 1}),
        (says("", structuredContent={"result": {"a": 1}}), {"a": 1}),
    ],
)
async def test_an_object_is_found_wherever_a_server_puts_it(
    result: dict[str, Any], found: dict[str, Any], scripted: Scripted, held: Held
) -> None:
    scripted.says("tools/call", result)
    async with held(scripted.connection()) as connection:
        assert await call_for_json(connection, "echo", {}) == found


@pytest.mark.parametrize("text", ["3 rows", "[1]", "1. row\npayload: {", 'Values:\n\n{"a": 1} and more', ""])
async def test_a_text_that_holds_no_object_is_not_taken_for_one(text: str, scripted: Scripted, held: Held) -> None:
    scripted.says("tools/call", says(text))
    async with held(scripted.connection()) as connection:
        with pytest.raises(DownstreamGarbage, match="without the JSON object"):
            await call_for_json(connection, "echo", {})


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (says("1. row\na: 1"), "1. row\na: 1"),
        (says("", structuredContent={"result": "| a |"}), "| a |"),
        ({"content": [], "structuredContent": {"a": "é"}}, '{"a": "é"}'),
    ],
)
async def test_a_text_is_found_wherever_a_server_puts_it(
    result: dict[str, Any], text: str, scripted: Scripted, held: Held
) -> None:
    scripted.says("tools/call", result)
    async with held(scripted.connection()) as connection:
        assert await call_for_text(connection, "echo", {}) == text


async def test_what_a_database_says_is_kept_for_whoever_wrote_the_sql_in_one_line_without_secrets(
    scripted: Scripted, held: Held
) -> None:
    scripted.says("tools/call", says(f"Binder Error: no column\n  dela ({SECRET}) " + "x" * 900, isError=True))
    endpoint = replace(scripted.endpoint(), hide=lambda text: text.replace(SECRET, "…"))
    connection = Connection(endpoint, t.Implementation(name="sophia", version="0"), _nobody, None)
    async with held(connection):
        tool = t.Tool(name="execute_query", input_schema={"type": "object", "properties": {"sql": {}}})
        with pytest.raises(SourceError) as raised:
            await McpWarehouse(connection, Binding("db", tool)).query("SELECT dela")
    error = raised.value
    assert error.kind == "refused"
    assert "Binder" not in error.message
    assert error.detail is not None
    assert error.detail.startswith("Binder Error: no column dela (…) xxx")
    assert len(error.detail) <= 300


async def _nobody(_: str, __: object) -> None:
    pass
