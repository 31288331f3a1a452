"""`make demo`: what a first user should see, through the same door as any client.

Starts `sophia serve` as a child process, speaks MCP to it over stdio, and asks an agent, a team and a downstream tool.
"""

import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import anyio
import mcp_types as t
from mcp import Client, StdioServerParameters

from server.surface.answers import META_DECISION, META_REASONS, META_ROUTE

__all__ = ["main"]

SHOWN_LINES = 40
ACCOUNT = "Umbrella Corporation"
TEAM_REQUEST = f"What did {ACCOUNT} say about the price?"
SQL = "SELECT deal_stage, count(*) AS deals FROM opportunities GROUP BY ALL ORDER BY deals DESC"


def main() -> int:
    """Run the demonstration; 0 when all three calls were answered."""
    return anyio.run(_demonstrate)


async def _demonstrate() -> int:
    with tempfile.TemporaryDirectory(prefix="sophia-demo-") as state:
        sophia = str(Path(sys.executable).with_name("sophia"))
        command = StdioServerParameters(command=sophia, args=["serve", "--state", state])
        async with Client(command) as client:
            found = await client.call_tool("gong__search_calls", {"limit": 1, "account": ACCOUNT})
            call_id = _first_call(found)
            listed = await client.list_tools()
            print(f"sophia serve: {len(listed.tools)} tools over stdio, protocol {client.protocol_version}")
            steps = [
                ("An agent", "gong_intelligence", {"call_id": call_id, "request": "Brief me on this call"}),
                ("A team", "sales_intelligence_team", {"request": TEAM_REQUEST}),
                ("A tool of a downstream server, proxied", "snowflake__execute_query", {"query": SQL}),
            ]
            return max([await _step(client, *step) for step in steps])


async def _step(client: Client, title: str, tool: str, arguments: dict[str, Any]) -> int:
    started = time.perf_counter()
    result = await client.call_tool(tool, arguments)
    took_ms = (time.perf_counter() - started) * 1000
    print(f"\n{'=' * 78}\n{title}: {tool} {arguments}\n{'-' * 78}")
    text = "\n".join(block.text for block in result.content if isinstance(block, t.TextContent))
    lines = text.splitlines()
    print("\n".join(lines[:SHOWN_LINES]))
    if len(lines) > SHOWN_LINES:
        print(f"... and {len(lines) - SHOWN_LINES} more lines")
    meta = result.meta or {}
    served: Mapping[str, Any] = _structured(result).get("served_by") or {}
    print("-" * 78)
    print(f"route    {meta.get(META_ROUTE)}")
    for reason in meta.get(META_REASONS) or ():
        print(f"reason   {reason}")
    for member in served.get("members") or ():
        print(f"member   {member['id']}: {member['reason'] or member['status']}")
    print(f"model    {served.get('model') or 'none'}")
    print(f"decision {meta.get(META_DECISION)}")
    print(f"time     {took_ms:.0f} ms, seen by the client")
    return 1 if result.is_error else 0


def _structured(result: t.CallToolResult) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", result.structured_content or {})


def _first_call(found: t.CallToolResult) -> str:
    calls: Sequence[Mapping[str, Any]] = _structured(found).get("calls") or ()
    if not calls:
        sys.exit("the sample data holds no call of that account")
    return str(calls[0]["metaData"]["id"])


if __name__ == "__main__":
    sys.exit(main())
