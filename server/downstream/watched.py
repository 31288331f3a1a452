"""A transport that says when it has ended, and that an answer on it could not be read.

The SDK has no hook for a connection that closes, and it drops a message it cannot parse: whoever waits for that answer
would wait until their time is up. So the end sets an event, and an unreadable answer becomes an error under its id.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self, cast

import anyio
import mcp_types as t
from mcp.shared.message import SessionMessage
from pydantic import ValidationError

__all__ = ["watched"]


@asynccontextmanager
async def watched(transport: Any, ended: anyio.Event) -> AsyncGenerator[Any, None]:
    """The streams of a transport; `ended` is set when nothing more can be read."""
    async with transport as (read, write):
        yield _Watched(read, ended), write


class _Watched:
    def __init__(self, inner: Any, ended: anyio.Event) -> None:
        self._inner = inner
        self._ended = ended

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        try:
            item = await self._inner.__anext__()
        except (StopAsyncIteration, anyio.ClosedResourceError):
            self._ended.set()
            raise
        return (_as_error(item) or item) if isinstance(item, ValidationError) else item

    async def __aenter__(self) -> Self:
        await self._inner.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        return await self._inner.__aexit__(kind, error, traceback)


def _as_error(unreadable: ValidationError) -> SessionMessage | None:
    """The error that stands for an answer which is none; None where the message was not an answer to anything."""
    for fault in unreadable.errors(include_url=False, include_context=False):
        # The message is a union: one fault of each kind it could be, the whole message beside a field it lacks.
        if len(fault["loc"]) != 2 or not isinstance(fault["input"], dict):
            continue
        message = cast("Mapping[str, object]", fault["input"])
        answers = message.get("id")
        if isinstance(answers, int | str) and "method" not in message:
            error = t.ErrorData(code=t.PARSE_ERROR, message="The answer is no JSON-RPC response.")
            return SessionMessage(t.JSONRPCError(jsonrpc="2.0", id=answers, error=error))
    return None
