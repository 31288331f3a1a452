"""What a client of the warehouse server can ask and what it gets."""

import anyio
import pytest
from jsonschema import Draft202012Validator
from mcp import MCPError

from tests.workspace.callers import ToolUser
from workspace.snowflake.server import build_server
from workspace.snowflake.tools import warehouse_tools
from workspace.snowflake.warehouse import Warehouse


@pytest.fixture(scope="module")
def snowflake() -> ToolUser:
    return ToolUser(build_server(warehouse_tools(Warehouse)))


async def test_every_tool_is_read_only_and_describes_itself(snowflake: ToolUser) -> None:
    async with snowflake.client() as client:
        tools = (await client.list_tools()).tools
    assert [tool.name for tool in tools] == ["execute_query", "list_tables", "describe_table", "get_table_sample"]
    for tool in tools:
        assert tool.title
        assert tool.description
        assert tool.annotations
        assert tool.annotations.read_only_hint
        Draft202012Validator.check_schema(tool.input_schema)
        Draft202012Validator.check_schema(tool.output_schema or {})


async def test_a_query_gives_columns_types_and_rows(snowflake: ToolUser) -> None:
    answer = await snowflake.gets(
        "execute_query", query="SELECT product, list_price FROM products ORDER BY 2 DESC", limit=1
    )
    assert answer == {
        "columns": ["product", "list_price"],
        "column_types": ["VARCHAR", "BIGINT"],
        "rows": [["GTK 500", 26768]],
        "row_count": 1,
        "truncated": True,
        "as_of": "2017-12-31",
    }


async def test_a_missing_value_stays_a_missing_value(snowflake: ToolUser) -> None:
    answer = await snowflake.gets("execute_query", query="SELECT NULL AS nothing, 1 AS one")
    assert answer["rows"] == [[None, 1]]


async def test_tables_can_be_explored_without_sql(snowflake: ToolUser) -> None:
    tables = await snowflake.gets("list_tables")
    assert tables["tables"][0]["table"] == "opportunities"
    described = await snowflake.gets("describe_table", table="Opportunities")
    assert {"name": "close_value", "type": "BIGINT"} in described["columns"]
    sample = await snowflake.gets("get_table_sample", table="data_quality", n=2)
    assert sample["row_count"] == 2


async def test_an_error_has_a_code_and_what_to_do(snowflake: ToolUser) -> None:
    text, error = await snowflake.is_refused("execute_query", query="DROP TABLE raw_teams")
    assert error["code"] == "sql_not_allowed"
    assert "exactly one SELECT" in text
    _, error = await snowflake.is_refused("describe_table", table="deals")
    assert "opportunities" in error["nearest"]
    text, error = await snowflake.is_refused("execute_query", query="SELECT 1", limit=0)
    assert error["code"] == "invalid_arguments"
    assert "limit" in text


async def test_a_query_that_the_client_gives_up_on_does_not_hold_up_the_next(snowflake: ToolUser) -> None:
    await snowflake.gets("list_tables")  # open the warehouse, so that only the query takes time
    endless = "SELECT count(*) FROM range(10000000) a, range(10000000) b"
    async with snowflake.client() as client:
        with anyio.move_on_after(0.3) as gave_up:
            await client.call_tool("execute_query", {"query": endless})
        assert gave_up.cancelled_caught
        with anyio.fail_after(5):
            answer = await client.call_tool("execute_query", {"query": "SELECT 1"})
    assert answer.structured_content["rows"] == [[1]]


async def test_the_schema_is_a_resource(snowflake: ToolUser) -> None:
    async with snowflake.client() as client:
        (resource,) = (await client.list_resources()).resources
        read = await client.read_resource(resource.uri)
        assert "opportunities" in read.contents[0].model_dump()["text"]
        with pytest.raises(MCPError):
            await client.read_resource("warehouse://other")
