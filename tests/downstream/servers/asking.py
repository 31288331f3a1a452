"""A server over HTTP that asks its client in the middle of a call, and prints its address."""

import socket
import sys
from typing import Annotated, Any, cast

import mcp_types as t
import uvicorn
from mcp.server.mcpserver import Context, Elicit, MCPServer, Resolve
from pydantic import BaseModel

server = MCPServer("asking", log_level="ERROR")
WATCHED = "asking://note"


class Name(BaseModel):
    """What is asked for."""

    name: str


@server.tool()
async def greet(greeting: str, ctx: Context) -> str:
    """Asks on the connection, as the handshake era does."""
    answer = await ctx.elicit(f"{greeting}, who are you?", Name)
    return f"{greeting} {answer.data.name}" if answer.action == "accept" else f"{greeting} nobody"


def _who() -> Elicit[Name]:
    return Elicit("Who are you?", Name)


@server.tool()
async def greet_in_any_era(name: Annotated[Name, Resolve(_who)]) -> str:
    """Asks as the era of its caller does."""
    return f"Hello {name.name}"


@server.tool()
async def able(ctx: Context) -> str:
    """What the client says that it can do."""
    return (ctx.client_capabilities or t.ClientCapabilities()).model_dump_json(exclude_none=True)


@server.tool()
async def write_note(ctx: Context) -> str:
    """Logs, and changes what may be watched."""
    await ctx.info("the note is written")  # pyright: ignore[reportDeprecated]
    await ctx.session.send_resource_updated(WATCHED)
    return "written"


@server.resource(WATCHED)
def note() -> str:
    """A note."""
    return "a note"


async def _done(_: Any, __: Any) -> t.EmptyResult:
    return t.EmptyResult()


def main() -> None:
    """Serve on a free port of loopback and print the address."""
    lowlevel = cast("Any", server)._lowlevel_server
    lowlevel.add_request_handler("resources/subscribe", t.SubscribeRequestParams, _done)
    lowlevel.add_request_handler("resources/unsubscribe", t.UnsubscribeRequestParams, _done)
    lowlevel.add_request_handler("logging/setLevel", t.SetLevelRequestParams, _done)
    listening = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listening.getsockname()[1]}/mcp", flush=True)  # noqa: T201
    app = server.streamable_http_app()
    uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listening])


if __name__ == "__main__":
    sys.exit(main())
