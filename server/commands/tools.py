"""`sophia tools`: what is published and where it leads."""

from pathlib import Path

import anyio
import mcp_types as t
from rich.console import Console
from rich.table import Table
from rich.text import Text

from server.app import Sophia
from server.bridge.decide import allowed
from server.commands.output import fail, printed
from server.commands.session import configured, session
from server.config import Configuration
from server.generation import Generation
from server.state.database import StoreError
from server.surface.operator_forms import OPERATOR_TOOLS

__all__ = ["tools"]


def tools(config_dir: Path | None, state_dir: Path, *, as_json: bool) -> int:
    """List the tools that every client sees."""
    configuration = configured(config_dir)
    if configuration is None:
        return 1
    try:
        found = anyio.run(_listed, configuration, state_dir)
    except StoreError as error:
        return fail(str(error))
    if as_json:
        printed(
            [
                {"routes": routes, **tool.model_dump(mode="json", by_alias=True, exclude_none=True)}
                for tool, routes in found
            ]
        )
        return 0
    table = Table("tool", "routes", "what it is", box=None, pad_edge=False)
    for tool, routes in found:
        what = tool.title or (tool.description or "").partition(". ")[0]
        table.add_row(*map(Text, (tool.name, ", ".join(routes), what)))  # as text: servers may write brackets
    Console().print(table)
    return 0


async def _listed(configuration: Configuration, state_dir: Path) -> list[tuple[t.Tool, list[str]]]:
    async with session(configuration, state_dir) as (sophia, client):
        listed = [tool for tool in (await client.list_tools()).tools if tool.name not in OPERATOR_TOOLS]
        now = sophia.control.look()
        return [(tool, _routes(tool.name, sophia, now)) for tool in listed]


def _routes(name: str, sophia: Sophia, now: Generation) -> list[str]:
    """The routes that policy leaves a tool now."""
    if name in now.own:
        return list(allowed(sophia.routes.facts(now.own[name], now), now.policy))
    target = sophia.pool.tool(name)
    if target is None:  # what has no server is answered by Sophia itself
        return []
    facts = sophia.existing.facts(target, now)
    return list(allowed(facts, now.policy)) if facts else ["downstream"]
