"""The handshake clients that servers may ask something in the middle of a call, or tell something.

A modern client is asked in the answer to its call and needs none of this.
"""

from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, TypeVar

import anyio
import mcp_types as t
from mcp.server.connection import Connection
from mcp.server.context import ServerRequestContext
from mcp.shared.message import ServerMessageMetadata
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from server.downstream.client_connections import ClientConnections
from server.downstream.connection import Connection as Downstream
from server.downstream.fronts import ANSWER_WITHIN_S

__all__ = ["ClientFront", "Fronts", "conversed"]

Context = ServerRequestContext[Any, Any]
AnswerT = TypeVar("AnswerT")
ParamsT = TypeVar("ParamsT", bound=t.InputResponseRequestParams)
MAX_ROUNDS: Final = 16


class ClientFront:
    """One handshake client."""

    def __init__(self, connection: Connection, capabilities: t.ClientCapabilities) -> None:
        self.capabilities = capabilities
        self.log_level: t.LoggingLevel | None = None
        self.watched: dict[str, dict[str, str]] = defaultdict(dict)
        self._connection = connection
        self._calls: list[Context] = []

    @property
    def can_be_asked(self) -> bool:
        """Whether a server has anything to ask or to tell it."""
        able = self.capabilities
        asked = able.elicitation or able.sampling or able.roots
        return asked is not None or self.log_level is not None or any(self.watched.values())

    @contextmanager
    def calling(self, ctx: Context) -> Generator[None]:
        """A call of it is under way: what servers ask and say meanwhile goes along with its answer."""
        self._calls.append(ctx)
        try:
            yield
        finally:
            self._calls.remove(ctx)

    def understands(self, questions: Mapping[str, t.InputRequest]) -> bool:
        """Whether it can answer all of them."""
        able = self.capabilities
        has = {
            "elicitation/create": able.elicitation,
            "sampling/createMessage": able.sampling,
            "roots/list": able.roots,
        }
        return all(has[question.method] is not None for question in questions.values())

    async def ask(self, question: t.InputRequest) -> t.InputResponse:
        """Put a question to it. Raises MCPError."""
        answer = _answer_to(question)
        if not self._calls:
            return await self._connection.send_request(question, result_type=answer)
        ctx = self._calls[-1]
        related = ServerMessageMetadata(related_request_id=ctx.request_id)
        return await ctx.session.send_request(question, answer, metadata=related)

    async def tell(self, notification: t.ServerNotification) -> None:
        """Pass on what a server says."""
        if self._calls:
            ctx = self._calls[-1]
            await ctx.session.send_notification(notification, ctx.request_id)
        else:
            said = notification.model_dump(by_alias=True, mode="json", exclude_none=True)
            await self._connection.notify(said["method"], said.get("params"))


class Fronts:
    """The clients by their connections, each for as long as it is there."""

    def __init__(self, connections: ClientConnections) -> None:
        self._connections = connections
        self._fronts: dict[Connection, ClientFront] = {}

    def of(self, ctx: Context) -> ClientFront | None:
        """The client of a request; None for a modern one."""
        if ctx.protocol_version in MODERN_PROTOCOL_VERSIONS:
            return None
        connection: Connection = ctx.session._connection  # pyright: ignore[reportPrivateUsage]
        front = self._fronts.get(connection)
        if front is None:
            front = ClientFront(connection, ctx.session.client_capabilities or t.ClientCapabilities())
            self._fronts[connection] = front
            connection.exit_stack.callback(self._left, connection)
        return front

    def asks(self, ctx: Context) -> bool:
        """Whether servers may have something to ask or to tell the client of a request, on their connection."""
        front = self.of(ctx)
        return front is not None and front.can_be_asked

    @asynccontextmanager
    async def connection(
        self, ctx: Context, shared: Downstream
    ) -> AsyncGenerator[tuple[ClientFront | None, Downstream]]:
        """The client, where it can be asked, and the connection that its request goes over."""
        front = self.of(ctx)
        if front is None or not front.can_be_asked:
            yield None, shared
            return
        with front.calling(ctx):
            yield front, await self.own(front, shared)

    async def own(self, front: ClientFront, shared: Downstream) -> Downstream:
        """The client's own connection to a server, where it can have one."""
        return await self._connections.of(front, shared)

    def open(self, front: ClientFront) -> list[Downstream]:
        """The connections of its own that a client has."""
        return self._connections.open(front)

    def _left(self, connection: Connection) -> None:
        self._connections.close(self._fronts.pop(connection))


async def conversed(
    front: ClientFront | None, send: Callable[[ParamsT], Awaitable[AnswerT]], params: ParamsT
) -> AnswerT | t.InputRequiredResult:
    """The answer to a request, after whatever a modern server asks for before it has been put to a handshake client.

    What the client cannot answer stays as the server asked it. Raises MCPError where the client refuses.
    """
    answer: AnswerT | t.InputRequiredResult = await send(params)
    for _ in range(MAX_ROUNDS):
        if front is None or not isinstance(answer, t.InputRequiredResult):
            break
        questions = answer.input_requests or {}
        if not front.understands(questions):
            break
        with anyio.fail_after(ANSWER_WITHIN_S):
            responses = {key: await front.ask(question) for key, question in questions.items()}
        again = {"input_responses": responses, "request_state": answer.request_state}
        answer = await send(params.model_copy(update=again))
    return answer


def _answer_to(question: t.InputRequest) -> type[Any]:
    match question:
        case t.ElicitRequest():
            return t.ElicitResult
        case t.ListRootsRequest():
            return t.ListRootsResult
        case t.CreateMessageRequest():
            return t.CreateMessageResultWithTools if question.params.tools else t.CreateMessageResult
