"""Requests to a downstream server that are no tool calls: resources, prompts, completions, what a client watches and hears.

What comes back is the server's own answer, errors included.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, TypeVar

import mcp_types as t
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from pydantic import TypeAdapter

from server.downstream.connection import Connection
from server.downstream.fronts import DONE
from server.errors import SophiaError
from server.surface.fronts import ClientFront, Fronts, conversed
from server.surface.hops import onward_meta, our_meta

__all__ = ["OtherRequests"]

Context = ServerRequestContext[Any, Any]
ParamsT = TypeVar("ParamsT", bound=t.InputResponseRequestParams)
READ: TypeAdapter[t.ReadResourceResult | t.InputRequiredResult] = TypeAdapter(
    t.ReadResourceResult | t.InputRequiredResult
)
GOT: TypeAdapter[t.GetPromptResult | t.InputRequiredResult] = TypeAdapter(t.GetPromptResult | t.InputRequiredResult)
COMPLETED: TypeAdapter[t.CompleteResult] = TypeAdapter(t.CompleteResult)


class OtherRequests:
    """Sends them on."""

    def __init__(self, fronts: Fronts) -> None:
        self._fronts = fronts

    async def resource(
        self, ctx: Context, params: t.ReadResourceRequestParams, connection: Connection, uri: str
    ) -> t.ReadResourceResult | t.InputRequiredResult:
        """Read a resource under the server's own URI. Raises MCPError."""
        onward = params.model_copy(update={"uri": uri, "meta": onward_meta(ctx)})
        return await self._asked(ctx, connection, onward, lambda said: t.ReadResourceRequest(params=said), READ)

    async def prompt(
        self, ctx: Context, params: t.GetPromptRequestParams, connection: Connection, name: str
    ) -> t.GetPromptResult | t.InputRequiredResult:
        """Get a prompt under the server's own name. Raises MCPError."""
        onward = params.model_copy(update={"name": name, "meta": onward_meta(ctx)})
        return await self._asked(ctx, connection, onward, lambda said: t.GetPromptRequest(params=said), GOT)

    async def completion(
        self, ctx: Context, params: t.CompleteRequestParams, connection: Connection
    ) -> t.CompleteResult:
        """Complete an argument of a prompt or a template of the server's. Raises MCPError."""
        onward = params.model_copy(update={"meta": onward_meta(ctx)})
        with _for_the_client():
            result = await connection.ask(t.CompleteRequest(params=onward), COMPLETED)
        result.meta = our_meta(result.meta)
        return result

    async def watch(self, ctx: Context, connection: Connection, uri: str, known: str) -> t.EmptyResult:
        """Have the client told when a resource changes that the server calls `uri` and it `known`. Raises MCPError."""
        front, own = await self._watching(ctx, connection)
        front.watched[connection.name][uri] = known
        with _for_the_client():
            return await own.ask(t.SubscribeRequest(params=t.SubscribeRequestParams(uri=uri)), DONE)

    async def unwatch(self, ctx: Context, connection: Connection, uri: str) -> t.EmptyResult:
        """No longer have it told. Raises MCPError."""
        front, own = await self._watching(ctx, connection)
        front.watched[connection.name].pop(uri, None)
        with _for_the_client():
            return await own.ask(t.UnsubscribeRequest(params=t.UnsubscribeRequestParams(uri=uri)), DONE)

    async def log_level(self, ctx: Context, level: t.LoggingLevel) -> None:
        """Have the client told what servers log from this level on."""
        front = self._fronts.of(ctx)
        if front is None:
            return
        front.log_level = level
        request = t.SetLevelRequest(params=t.SetLevelRequestParams(level=level))
        for own in self._fronts.open(front):
            if own.capabilities is not None and own.capabilities.logging is not None:
                with _for_the_client():
                    await own.ask(request, DONE)

    async def _asked(
        self,
        ctx: Context,
        connection: Connection,
        params: ParamsT,
        request: Callable[[ParamsT], t.Request[Any, Any]],
        answer: TypeAdapter[Any],
    ) -> Any:
        with _for_the_client():
            async with self._fronts.connection(ctx, connection) as (front, own):
                result = await conversed(front, lambda said: own.ask(request(said), answer), params)
        result.meta = our_meta(result.meta)
        return result

    async def _watching(self, ctx: Context, connection: Connection) -> tuple[ClientFront, Connection]:
        front = self._fronts.of(ctx)
        if front is not None and connection.endpoint.per_client:
            return front, await self._fronts.own(front, connection)
        raise MCPError(
            t.INVALID_REQUEST,
            f"Resources of `{connection.name}` cannot be watched: all clients share its connection. With "
            "`connection_per_client: true` for it in downstream.yaml they can.",
        )


@contextmanager
def _for_the_client() -> Generator[None]:
    try:
        yield
    except SophiaError as error:
        raise MCPError(t.INTERNAL_ERROR, error.message) from error
