"""An OpenAI-compatible server on loopback, scripted by each test."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

__all__ = ["SECRET", "Body", "Provider", "chat", "refusal", "responses", "steps"]

Body = dict[str, Any]
SECRET = "sk-very-secret"  # noqa: S105 - what must not be seen again


def chat(content: str | None = None, calls: list[tuple[str, Body]] | None = None) -> Response:
    tool_calls = [
        {"id": f"call_{place}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
        for place, (name, arguments) in enumerate(calls or [])
    ]
    message = {"role": "assistant", "content": content} | ({"tool_calls": tool_calls} if tool_calls else {})
    return JSONResponse(
        {
            "id": "chat-1",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }
    )


def responses(text: str | None = None, calls: list[tuple[str, Body]] | None = None) -> Response:
    items: list[Body] = [
        {
            "type": "function_call",
            "id": f"fc_{place}",
            "call_id": f"call_{place}",
            "name": name,
            "arguments": json.dumps(arguments),
            "status": "completed",
        }
        for place, (name, arguments) in enumerate(calls or [])
    ]
    if text is not None:
        part = {"type": "output_text", "text": text, "annotations": []}
        items.append({"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [part]})
    return JSONResponse(
        {
            "id": "resp_1",
            "object": "response",
            "created_at": 1,
            "status": "completed",
            "model": "m",
            "output": items,
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
        }
    )


def refusal(status: int, **headers: str) -> Response:
    return JSONResponse({"error": {"message": f"bad {SECRET}", "type": "x"}}, status, headers=headers)


@dataclass(slots=True)
class Provider:
    """Answers the n-th request as the script says, and keeps what it was asked."""

    script: Callable[[int, Body], Response] = field(default=lambda _n, _body: chat("Nothing."))
    bodies: list[Body] = field(default_factory=list)
    hang: asyncio.Event | None = None

    async def serve(self, request: Request) -> Response:
        self.bodies.append(await request.json())
        if self.hang:
            await self.hang.wait()
        return self.script(len(self.bodies), self.bodies[-1])

    @property
    def tool_replies(self) -> list[str]:
        return [message["content"] for message in self.bodies[-1]["messages"] if message["role"] == "tool"]


def steps(*replies: Response) -> Callable[[int, Body], Response]:
    return lambda n, _: replies[min(n, len(replies)) - 1]
