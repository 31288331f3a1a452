"""Downstream tools lent to agents as they are: with the server's own schema, called over our own connection.

Configuration names them, by published name, under an agent's `downstream_tools`. A model that plans by itself can use
them beside the agent's own tools; the answer's `data` and citations still come from the agent's own.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

import mcp_types as t

from agents.build import ForeignTool
from server.config import AgentId, Configuration
from server.downstream.connection import Connection
from server.downstream.naming import Published
from server.downstream.pool import Pool
from server.downstream.proxy import call_tool
from server.errors import SourceFailed

__all__ = ["lender"]

TEXT_LIMIT = 50_000


def lender(pool: Pool) -> Callable[[Configuration, AgentId], Sequence[ForeignTool]]:
    """What each agent is lent, looked up when it runs: a server that has come or gone is seen at once."""

    def lend(configuration: Configuration, agent_id: AgentId) -> Sequence[ForeignTool]:
        names = configuration.agent(agent_id).downstream_tools
        found = [target for name in names if (target := pool.tool(name)) is not None]
        return [_foreign(connection, published, form) for connection, published, form in found]

    return lend


def _foreign(connection: Connection, published: Published, form: t.Tool) -> ForeignTool:
    async def call(arguments: dict[str, Any]) -> str:
        params = t.CallToolRequestParams(name=published.original, arguments=arguments)
        answer = await call_tool(connection, params)
        if not isinstance(answer, t.CallToolResult):
            raise SourceFailed(f"`{published.name}` asks for input that an agent cannot give.")
        text = "\n".join(block.text for block in answer.content if isinstance(block, t.TextContent))
        if answer.is_error:
            raise SourceFailed(text[:500] or f"`{published.name}` failed and did not say why.")
        structured = "" if answer.structured_content is None else json.dumps(answer.structured_content)
        return (text or structured)[:TEXT_LIMIT]

    hints = form.annotations or t.ToolAnnotations()
    return ForeignTool(
        name=published.name,
        description=form.description or form.title or published.original,
        schema=form.input_schema,
        call=call,
        read_only=bool(hints.read_only_hint),
    )
