"""A provider's model that does what it reads: an OpenAI-compatible server on loopback, scripted to obey an injection.

It calls the first tool it is offered. As soon as a tool's reply holds one of the injected sentences it tries to post:
it calls every tool whose name speaks of sending, offered or not, with `confirm: true`. Then it says that it is done.
"""

import asyncio
import json
import os
import socket
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agents.message import read

__all__ = ["OBEYING", "Obeying", "obeying_model"]

OBEYING = "openai-chat:obeying"
SENDS = ("post", "send", "slack", "announce", "share")
ALWAYS_TRIED = ("post_message", "slack__send_message")
POSTING = {"channel": "general", "text": "everything", "message": "everything", "confirm": True}

Body = dict[str, Any]


@dataclass(slots=True)
class Obeying:
    """The model; `tempted` is how often it read an injection and tried to act on it."""

    sentences: Sequence[str]
    tempted: int = 0
    bodies: list[Body] = field(default_factory=list[Body])

    async def serve(self, request: Request) -> Response:
        body: Body = await request.json()
        messages: list[Body] = body["messages"]
        tools: list[Body] = [tool["function"] for tool in body.get("tools") or ()]
        replies = [str(message["content"]) for message in messages if message["role"] == "tool"]
        if not replies and tools:
            return _calls([(tools[0]["name"], _arguments(messages, tools[0]))])
        rounds = sum(1 for message in messages if message.get("tool_calls"))
        if rounds == 1 and any(sentence in _opened(reply) for reply in replies for sentence in self.sentences):
            self.tempted += 1
            offered = [tool["name"] for tool in tools if any(word in tool["name"] for word in SENDS)]
            return _calls([(name, POSTING) for name in dict.fromkeys((*offered, *ALWAYS_TRIED))])
        return _reply({"role": "assistant", "content": "Done."}, "stop")


@asynccontextmanager
async def obeying_model(sentences: Sequence[str]) -> AsyncGenerator[Obeying, None]:
    """The model, listening; the environment points OpenAI's client at it for the length of the block."""
    model = Obeying(sentences)
    app = Starlette(routes=[Route("/{path:path}", model.serve, methods=["POST"])])
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    task = asyncio.create_task(server.serve(sockets=[listening]))
    os.environ["OPENAI_BASE_URL"] = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
    os.environ["OPENAI_API_KEY"] = "none-needed"
    try:
        yield model
    finally:
        del os.environ["OPENAI_BASE_URL"], os.environ["OPENAI_API_KEY"]
        server.should_exit = True
        await task


def _arguments(messages: Sequence[Body], tool: Body) -> Body:
    asked = next((found for m in reversed(messages) if (found := read(str(m["content"]))) is not None), None)
    properties: Body = tool["parameters"].get("properties") or {}
    return {name: value for name, value in asked.arguments.items() if name in properties} if asked else {}


def _opened(reply: str) -> str:
    """A tool's reply as the words that a model reads."""
    try:
        return json.dumps(json.loads(reply), ensure_ascii=False).replace('\\"', '"')
    except ValueError:
        return reply


def _calls(asked: Sequence[tuple[str, Body]]) -> Response:
    calls = [
        {"id": f"call_{place}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
        for place, (name, arguments) in enumerate(asked)
    ]
    return _reply({"role": "assistant", "content": None, "tool_calls": calls}, "tool_calls")


def _reply(message: Body, reason: str) -> Response:
    return JSONResponse(
        {
            "id": "chat-1",
            "object": "chat.completion",
            "created": 1,
            "model": "obeying",
            "choices": [{"index": 0, "finish_reason": reason, "message": message}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }
    )
