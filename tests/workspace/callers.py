"""What the tests of the embedded servers share: a client that reads answers, and a small call in Gong's shape."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import mcp_types as types
from mcp import Client
from mcp.server.lowlevel import Server


@dataclass(frozen=True)
class ToolUser:
    """Calls tools and reads their answers; each call on a connection of its own, opened in the test's own task."""

    server: Server[Any]

    def client(self) -> Client:
        return Client(self.server)

    async def gets(self, tool: str, **arguments: Any) -> dict[str, Any]:
        async with self.client() as client:
            result = await client.call_tool(tool, arguments)
        assert not result.is_error, result.content
        assert json.loads(_text(result)) == result.structured_content
        return result.structured_content

    async def is_refused(self, tool: str, **arguments: Any) -> tuple[str, Mapping[str, Any]]:
        """The sentence and the program's half of an error."""
        async with self.client() as client:
            result = await client.call_tool(tool, arguments)
        assert result.is_error, result.structured_content
        assert result.structured_content is None
        return _text(result), (result.meta or {})["workspace/error"]


def _text(result: types.CallToolResult) -> str:
    (block,) = result.content
    assert isinstance(block, types.TextContent)
    return block.text


def gong_pair(call_id: str = "77", **meta: Any) -> dict[str, Any]:
    """A small call in Gong's shape: a rep asks, a buyer answers, somebody listens."""
    return {
        "call": {
            "metaData": {
                "id": call_id,
                "title": "Acme and us",
                "started": "2026-10-05T15:00:00Z",
                "duration": 60,
                "primaryUserId": "900",
                "language": "eng",
                **meta,
            },
            "parties": [
                {"id": "1", "name": "Rita Rep", "userId": "900", "speakerId": "501", "affiliation": "Internal"},
                {"id": "2", "name": "Bo Buyer", "speakerId": "502", "affiliation": "External"},
            ],
            "aFieldGongAddedLater": {"kept": True},
        },
        "transcript": {
            "callId": call_id,
            "transcript": [
                {"speakerId": "501", "topic": None, "sentences": [_sentence(0, 2000, "What did you set aside?")]},
                {"speakerId": "502", "topic": None, "sentences": [_sentence(2500, 5500, "Forty thousand dollars.")]},
            ],
        },
    }


def _sentence(start: int, end: int, text: str) -> dict[str, Any]:
    return {"start": start, "end": end, "text": text}
