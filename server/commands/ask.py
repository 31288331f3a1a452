"""`sophia ask`: one call, its progress while it runs, its answer as a client shows it."""

import sys
from pathlib import Path
from typing import Any

import anyio
import mcp_types as t
from mcp.shared.exceptions import MCPError
from rich.console import Console
from rich.markdown import Markdown
from rich.text import Text

from server.commands.output import fail, printed
from server.commands.session import NotUnderstood, Typed, configured, console, fitted, session
from server.config import Configuration
from server.state.database import StoreError
from server.surface.server import FORCE_KEY

__all__ = ["ask"]


def ask(config_dir: Path | None, state_dir: Path, typed: Typed, *, as_json: bool) -> int:
    """Call a tool and print what it answers."""
    configuration = configured(config_dir)
    if configuration is None:
        return 1
    try:
        answer = anyio.run(_call, configuration, state_dir, typed, typed.arguments())
    except (NotUnderstood, StoreError) as error:
        return fail(str(error))
    if isinstance(answer, MCPError):
        if as_json:
            printed({"error": {"code": answer.code, "message": answer.message}})
            return 1
        return fail(answer.message)
    _show(answer, as_json=as_json)
    return 1 if answer.is_error else 0


async def _call(
    configuration: Configuration, state_dir: Path, typed: Typed, arguments: dict[str, Any]
) -> t.CallToolResult | MCPError:
    tool = typed.tool
    meta: Any = {FORCE_KEY: typed.route} if typed.route else None
    async with session(configuration, state_dir) as (_, client):
        with console.status(Text(f"asking {tool}")) as status:

            async def progressed(progress: float, total: float | None, message: str | None) -> None:
                del progress, total
                status.update(Text(message or f"asking {tool}"))

            try:
                forms = {form.name: form.input_schema for form in (await client.list_tools()).tools}
                arguments = fitted(arguments, forms.get(tool, {}))
                return await client.call_tool(tool, arguments, progress_callback=progressed, meta=meta)
            except MCPError as error:  # given back, since task groups would wrap what is raised through them
                return error


def _show(result: t.CallToolResult, *, as_json: bool) -> None:
    if as_json:
        printed(result.model_dump(mode="json", by_alias=True, exclude_none=True))
        return
    text = "\n".join(block.text for block in result.content if isinstance(block, t.TextContent))
    if result.is_error or not sys.stdout.isatty():
        stream = sys.stderr if result.is_error else sys.stdout
        stream.write(text + "\n")
    else:
        Console().print(Markdown(text))
