"""An MCP server with as many synthetic calls as are wanted, in Gong's shapes, a hundred to a page, over stdio."""

import argparse
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import anyio
import mcp_types as t
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from benchmarks.synthetic_calls import call_data, call_id, number_of, start_of, transcript_data

__all__ = ["main"]

PAGE = 100
IDS: Mapping[str, Any] = {"type": "object", "properties": {"callIds": {"type": "array"}}, "required": ["callIds"]}
DATES: Mapping[str, Any] = {
    "type": "object",
    "properties": {"fromDateTime": {"type": "string"}, "cursor": {"type": "string"}},
}
SCHEMAS = {"list_calls": DATES, "get_call_details": IDS, "retrieve_transcripts": IDS}


def main() -> None:
    """Serve until the client leaves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--sentences", type=int, default=120)
    options = parser.parse_args()
    anyio.run(_serve, options.calls, options.sentences)


def answer(name: str, arguments: Mapping[str, Any], calls: int, sentences: int) -> dict[str, Any]:
    """What a tool gives."""
    if name == "list_calls":
        return _page(arguments, calls)
    numbers = [number for id_ in arguments["callIds"] if 0 <= (number := number_of(id_)) < calls]
    if name == "get_call_details":
        return {"calls": [call_data(number) for number in numbers]}
    return {"callTranscripts": [transcript_data(number, sentences) for number in numbers]}


def _page(arguments: Mapping[str, Any], calls: int) -> dict[str, Any]:
    since = datetime.fromisoformat(arguments["fromDateTime"]) if arguments.get("fromDateTime") else None
    first = next((n for n in range(calls) if start_of(n) >= since), calls) if since else 0
    start = int(arguments.get("cursor") or first)
    shown = range(start, min(calls, start + PAGE))
    records = {"totalRecords": calls - first, "currentPageSize": len(shown), "currentPageNumber": start // PAGE}
    cursor = {"cursor": str(start + PAGE)} if start + PAGE < calls else {}
    return {"records": records | cursor, "calls": [{"id": call_id(number)} for number in shown]}


async def _serve(calls: int, sentences: int) -> None:
    async def list_tools(_ctx: object, _params: object) -> t.ListToolsResult:
        return t.ListToolsResult(
            tools=[t.Tool(name=name, input_schema=dict(schema)) for name, schema in SCHEMAS.items()]
        )

    async def call_tool(_ctx: object, params: t.CallToolRequestParams) -> t.CallToolResult:
        given = answer(params.name, params.arguments or {}, calls, sentences)
        return t.CallToolResult(content=[], structured_content=given)

    server: Server[object] = Server("synthetic-calls", on_list_tools=list_tools, on_call_tool=call_tool)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


if __name__ == "__main__":
    main()
