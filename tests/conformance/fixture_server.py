"""The server that the official conformance suite is run against, directly and through the bridge.

The suite asks for tools, resources and prompts by name and says what each has to answer. All of them stand here and in
`fixture_questions`, on the SDK's own `MCPServer`, so that what fails through the bridge and not directly is the bridge's.

    python tests/conformance/fixture_server.py       # prints its address
"""

import base64
import socket
from itertools import count
from typing import Annotated, Any, cast

import anyio
import fixture_questions
import mcp_types as t
import uvicorn
from mcp.server.context import ServerRequestContext
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.prompts.base import UserMessage
from mcp.server.mcpserver.tools import Tool
from pydantic import Field

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
"""One red pixel, as PNG."""
SILENCE = base64.b64encode(
    b"RIFF\x26\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data\x02\x00\x00\x00\x00\x00"
).decode()
"""One silent sample, as WAV."""
STEP_S = 0.05
COUNT = count(1)

server = MCPServer("conformance-fixture", version="1.0.0", log_level="ERROR")


def _text_resource(uri: str, text: str, mime: str = "text/plain") -> t.EmbeddedResource:
    contents = t.TextResourceContents(uri=uri, text=text, mime_type=mime)
    return t.EmbeddedResource(type="resource", resource=contents)


@server.tool()
def test_simple_text() -> str:
    """One text block."""
    return "This is a simple text response for testing."


@server.tool(structured_output=False)
def test_image_content() -> t.ImageContent:
    """One image block."""
    return t.ImageContent(type="image", data=PIXEL, mime_type="image/png")


@server.tool(structured_output=False)
def test_audio_content() -> t.AudioContent:
    """One audio block."""
    return t.AudioContent(type="audio", data=SILENCE, mime_type="audio/wav")


@server.tool(structured_output=False)
def test_embedded_resource() -> t.EmbeddedResource:
    """One embedded resource."""
    return _text_resource("test://embedded-resource", "This is an embedded resource content.")


@server.tool(structured_output=False)
def test_multiple_content_types() -> list[Any]:
    """Text, an image and a resource in one result."""
    return [
        t.TextContent(type="text", text="Multiple content types test:"),
        t.ImageContent(type="image", data=PIXEL, mime_type="image/png"),
        _text_resource("test://mixed-content-resource", '{"test":"data","value":123}', "application/json"),
    ]


@server.tool()
async def test_tool_with_logging(ctx: Context) -> str:
    """Logs three times while it runs."""
    for said in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await ctx.info(said)  # pyright: ignore[reportDeprecated]
        await anyio.sleep(STEP_S)
    return "The tool has logged three times."


@server.tool()
async def test_logging_tool(ctx: Context) -> str:
    """Logs once; heard only where the request asks for a level."""
    await ctx.info("Something happened")  # pyright: ignore[reportDeprecated]
    return "The tool has logged."


@server.tool()
async def test_tool_with_progress(ctx: Context) -> str:
    """Reports progress three times."""
    for done in (0, 50, 100):
        await ctx.report_progress(done, 100, f"{done} of 100")
        await anyio.sleep(STEP_S)
    return "The tool has reported its progress."


@server.tool()
def test_error_handling() -> str:
    """Always fails."""
    raise ValueError("This tool intentionally returns an error for testing")


@server.tool()
async def test_reconnection(ctx: Context) -> str:
    """Closes its stream in the middle of the call."""
    await ctx.close_sse_stream()
    await anyio.sleep(STEP_S)
    return "Reconnection test completed"


@server.tool()
async def test_trigger_tool_change(ctx: Context) -> str:
    """Adds a tool and says so."""
    name = f"test_added_{next(COUNT)}"
    server.add_tool(test_simple_text, name=name, description="One text block, under one more name.")
    await ctx.notify_tools_changed()
    return f"There is now a tool {name}."


@server.tool()
async def test_trigger_prompt_change(ctx: Context) -> str:
    """Adds a prompt and says so."""
    name = f"test_added_{next(COUNT)}"
    server.prompt(name=name, description="A prompt under one more name.")(test_simple_prompt)
    await ctx.notify_prompts_changed()
    return f"There is now a prompt {name}."


@server.tool()
def test_header_parameter(region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})]) -> str:
    """Has a parameter that clients repeat in a header."""
    return region


def _dialect_tool() -> Tool:
    """A tool whose schema uses what only JSON Schema 2020-12 has; the suite looks whether it arrives unchanged."""

    def json_schema_2020_12_tool(name: str = "", address: dict[str, str] | None = None) -> str:
        return f"{name}: {address}"

    tool = Tool.from_function(json_schema_2020_12_tool, description="Has a schema of the 2020-12 dialect.")
    address = {
        "$anchor": "addressDef",
        "type": "object",
        "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
    }
    by_phone = {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]}
    tool.parameters = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {"address": address},
        "properties": {
            "name": {"type": "string"},
            "address": {"$ref": "#/$defs/address"},
            "contactMethod": {"type": "string", "enum": ["phone", "email"]},
            "phone": {"type": "string"},
            "email": {"type": "string"},
        },
        "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
        "if": by_phone,
        "then": {"required": ["phone"]},
        "else": {"required": ["email"]},
        "additionalProperties": False,
    }
    return tool


@server.resource("test://static-text", name="Static text", description="Never changes.", mime_type="text/plain")
def static_text() -> str:
    """A text."""
    return "This is the content of the static text resource."


@server.resource("test://static-binary", name="Static image", description="Never changes.", mime_type="image/png")
def static_binary() -> bytes:
    """An image."""
    return base64.b64decode(PIXEL)


@server.resource(
    "test://template/{id}/data", name="By number", description="One for each id.", mime_type="application/json"
)
def by_id(id: str) -> str:  # noqa: A002  # the template names it
    """What stands under an id."""
    return f'{{"id":"{id}","templateTest":true,"data":"Data for ID: {id}"}}'


@server.resource("test://watched-resource", name="Watched", description="May be watched.", mime_type="text/plain")
def watched() -> str:
    """A text that clients may watch."""
    return "Watched resource content"


@server.prompt(description="A prompt without arguments.")
def test_simple_prompt() -> list[UserMessage]:
    """One message."""
    return [UserMessage("This is a simple prompt for testing.")]


@server.prompt(description="A prompt with two arguments.")
def test_prompt_with_arguments(arg1: str, arg2: str) -> list[UserMessage]:
    """One message that repeats them."""
    return [UserMessage(f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'")]


@server.prompt(description="A prompt with a resource in it.")
def test_prompt_with_embedded_resource(resourceUri: str) -> list[UserMessage]:  # noqa: N803  # named by the suite
    """The resource, and what to do with it."""
    embedded = _text_resource(resourceUri, "Embedded resource content for testing.")
    return [UserMessage(embedded), UserMessage("Please process the embedded resource above.")]


@server.prompt(description="A prompt with an image in it.")
def test_prompt_with_image() -> list[UserMessage]:
    """The image, and what to do with it."""
    image = t.ImageContent(type="image", data=PIXEL, mime_type="image/png")
    return [UserMessage(image), UserMessage("Please analyze the image above.")]


@server.completion()
async def complete(_: Any, argument: t.CompletionArgument, __: t.CompletionContext | None) -> t.Completion:
    """The values that begin with what was typed."""
    values = [value for value in ("paris", "park", "party") if value.startswith(argument.value)]
    return t.Completion(values=values, total=len(values), has_more=False)


async def _subscribed(_: ServerRequestContext[Any, Any], __: t.SubscribeRequestParams) -> t.EmptyResult:
    return t.EmptyResult()


async def _log_level(_: ServerRequestContext[Any, Any], __: t.SetLevelRequestParams) -> t.EmptyResult:
    return t.EmptyResult()


def main() -> None:
    """Serve on a free port of loopback and print the address."""
    fixture_questions.add_to(server)
    cast("Any", server)._tool_manager._tools["json_schema_2020_12_tool"] = _dialect_tool()
    lowlevel = cast("Any", server)._lowlevel_server
    lowlevel.add_request_handler("resources/subscribe", t.SubscribeRequestParams, _subscribed)
    lowlevel.add_request_handler("resources/unsubscribe", t.UnsubscribeRequestParams, _subscribed)
    lowlevel.add_request_handler("logging/setLevel", t.SetLevelRequestParams, _log_level)
    listening = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listening.getsockname()[1]}/mcp", flush=True)  # noqa: T201
    app = server.streamable_http_app()
    uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on")).run(sockets=[listening])


if __name__ == "__main__":
    main()
