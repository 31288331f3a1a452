"""One real call of every agent and team, written as `docs/agents.md`.

    make examples

The calls go through a client to a server in this process, over the packaged servers and their data, without any
environment of the operator's. The embedded model is deterministic, so the page only changes when an answer does; a test
holds the page against the answers.
"""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import anyio
from mcp import Client

from server.app import running
from server.config import load

__all__ = ["EXAMPLES", "page"]

EXAMPLES: Sequence[tuple[str, dict[str, Any]]] = (
    (
        "gong_intelligence",
        {"request": "What objections came up, and how were they handled?", "call_id": "7400171024000301"},
    ),
    ("sales_coach", {"rep": "Darcel Schlecht", "period": "2017-Q4"}),
    ("hubspot_crm", {"request": "Are we covered for the quarter?"}),
    ("slack_orchestrator", {"request": "What is being said about Hottechi?"}),
    ("snowflake_analyst", {"request": "win rate by region in 2017-Q4"}),
    ("executive_knowledge", {"request": "Give me the one-page brief", "period": "2017-Q4"}),
    ("business_intelligence_team", {"request": "How did we do on price in 2017-Q4?"}),
    ("executive_knowledge_team", {"request": "What should worry us about 2017-Q4?"}),
    ("sales_intelligence_team", {"request": "How did Umbrella Corporation react to the price?"}),
)

NOBODYS = {"SOPHIA_GONG_DATA": ""}
"""The sample data as it comes, whatever the one who runs this has imported or posted."""

HEAD = """# What each agent and team answers

Every agent and team of the packaged configuration, with one call and its real answer. Nothing here is edited: the
page is written by `make examples`, and a test holds it against the answers.
The data is the workspace's: public CRM records, and calls and messages that are synthetic and say so. With a key, a
provider's model writes the prose; the figures, quotes and citations are the same.
"""


async def page() -> str:
    """The page as it is now."""
    parts = [HEAD]
    with TemporaryDirectory() as state, patch.dict(os.environ, {**NOBODYS, "SOPHIA_WORKSPACE_DATA": state}):
        async with running(load(None, {}), Path(state)) as sophia, Client(sophia.server) as client:
            await sophia.pool.settled()
            await sophia.bound.known.look()
            forms = {tool.name: tool for tool in (await client.list_tools()).tools}
            for name, arguments in EXAMPLES:
                form = forms[name]
                answer: Any = (await client.call_tool(name, arguments)).structured_content
                parts.append(_example(name, form.title or name, form.description or "", arguments, answer))
    return "\n".join(parts)


def _example(name: str, title: str, description: str, arguments: dict[str, Any], answer: dict[str, Any]) -> str:
    members = [member["id"] for member in answer["served_by"]["members"]]
    lines = [
        f"## {title}: `{name}`",
        "",
        description,
        "",
        "```json",
        json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False),
        "```",
        "",
        *(f"> {line}".rstrip() for line in str(answer["answer"]).splitlines()),
        "",
        f"- {len(answer['findings'])} findings, {len(answer['citations'])} citations, data of "
        f"{', '.join(f'`{key}`' for key in answer['data']) or 'no tool'}; as of {answer['as_of']}.",
    ]
    if members:
        lines.append(f"- Members: {', '.join(members)}.")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(anyio.run(page))
