"""A transport that says when it has ended, that an answer on it could not be read, and which lists are not sound.

The SDK has no hook for a connection that closes, and it drops a message it cannot parse: whoever waits for that answer
would wait until their time is up. So the end sets an event, an unreadable answer becomes an error under its id, and
lists lose the items that would make the SDK refuse them whole.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self, cast

import anyio
import mcp_types as t
from mcp.shared.message import SessionMessage
from pydantic import ValidationError

from server.downstream.sound_lists import SoundLists

__all__ = ["ABLE_KEY", "UNREADABLE", "watched"]

ABLE_KEY = "sophia/able"
"""In `_meta` of a request on its way out: what the client behind it is able to do. The SDK says of every request what we
are; for a request of somebody else's that is not what the server has to know."""

UNREADABLE = "Sophia could not read the answer: it is no JSON-RPC response."
"""The message of the error that stands for an answer which is none; a server's own errors say something else."""


@asynccontextmanager
async def watched(transport: Any, ended: anyio.Event, lists: SoundLists) -> AsyncGenerator[Any, None]:
    """The streams of a transport; `ended` is set when nothing more can be read."""
    async with transport as (read, write):
        yield _Read(read, ended, lists), _Write(write, lists)


class _Stream:
    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def __aenter__(self) -> Self:
        await self._inner.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        return await self._inner.__aexit__(kind, error, traceback)


class _Write(_Stream):
    def __init__(self, inner: Any, lists: SoundLists) -> None:
        super().__init__(inner)
        self._lists = lists

    async def send(self, item: SessionMessage) -> None:
        self._lists.sent(item)
        _say_who_is_able(item.message)
        await self._inner.send(item)


class _Read(_Stream):
    def __init__(self, inner: Any, ended: anyio.Event, lists: SoundLists) -> None:
        super().__init__(inner)
        self._ended = ended
        self._lists = lists

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        try:
            item = await self._inner.__anext__()
        except (StopAsyncIteration, anyio.ClosedResourceError):
            self._ended.set()
            raise
        if isinstance(item, ValidationError):
            return _as_error(item) or item
        return self._lists.received(item) if isinstance(item, SessionMessage) else item


def _say_who_is_able(message: t.JSONRPCMessage) -> None:
    if not isinstance(message, t.JSONRPCRequest) or not message.params:
        return
    meta: dict[str, Any] = message.params.get("_meta") or {}
    able = meta.pop(ABLE_KEY, None)
    if able is not None and t.CLIENT_CAPABILITIES_META_KEY in meta:
        meta[t.CLIENT_CAPABILITIES_META_KEY] = able


def _as_error(unreadable: ValidationError) -> SessionMessage | None:
    """The error that stands for an answer which is none; None where the message was not an answer to anything."""
    for fault in unreadable.errors(include_url=False, include_context=False):
        # The message is a union: one fault of each kind it could be, the whole message beside a field it lacks.
        if len(fault["loc"]) != 2 or not isinstance(fault["input"], dict):
            continue
        message = cast("Mapping[str, object]", fault["input"])
        answers = message.get("id")
        if isinstance(answers, int | str) and "method" not in message:
            error = t.ErrorData(code=t.PARSE_ERROR, message=UNREADABLE)
            return SessionMessage(t.JSONRPCError(jsonrpc="2.0", id=answers, error=error))
    return None
