"""What a downstream server may ask and tell the client behind a call, and the time that takes.

A server of the handshake era asks on its connection and not in its answer, so only a connection that serves one client
can say whom a question is for: see `server.downstream.client_connections`.
"""

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from typing import Any, Protocol

import anyio
import mcp_types as t
from mcp import Client
from mcp.shared.exceptions import MCPError
from pydantic import TypeAdapter

__all__ = ["ANSWER_WITHIN_S", "DONE", "Front", "Patience", "brief", "callbacks", "hear"]

DONE = TypeAdapter(t.EmptyResult)
ANSWER_WITHIN_S = 300.0
"""How long a person may take over one question."""


class Front(Protocol):
    """One handshake client, as its servers see it. `ask` raises MCPError with what the client says against it."""

    capabilities: t.ClientCapabilities
    log_level: t.LoggingLevel | None
    watched: dict[str, dict[str, str]]  # by server, the addresses there and what the client calls them

    async def ask(self, question: t.InputRequest) -> t.InputResponse:
        """Put a question to the client."""
        ...

    async def tell(self, notification: t.ServerNotification) -> None:
        """Pass on what a server says: a line of its log, a resource that has changed."""
        ...


class Patience:
    """The time of the calls under way on one connection: it stands still while the client behind them is asked."""

    def __init__(self) -> None:
        self._calls: dict[anyio.CancelScope, anyio.CancelScope] = {}

    @contextmanager
    def call(self, whole: anyio.CancelScope, silence: anyio.CancelScope) -> Generator[None]:
        """A call with its two limits, of which the second begins anew with every sign of life."""
        self._calls[whole] = silence
        try:
            yield
        finally:
            del self._calls[whole]

    @contextmanager
    def asking(self, idle_s: float) -> Generator[None]:
        """A question is open."""
        began = anyio.current_time()
        stopped = list(self._calls)
        for whole in stopped:
            whole.deadline += ANSWER_WITHIN_S
            self._calls[whole].deadline += ANSWER_WITHIN_S
        try:
            yield
        finally:
            now = anyio.current_time()
            for whole in stopped:
                whole.deadline -= ANSWER_WITHIN_S - (now - began)
                if whole in self._calls:
                    self._calls[whole].deadline = now + idle_s


def callbacks(front: Front, patience: Patience, idle_s: float) -> dict[str, Any]:
    """What the SDK's client is given, so that it declares what this client can do and passes on what it is asked."""

    async def asked(question: t.InputRequest) -> t.InputResponse | t.ErrorData:
        try:
            with patience.asking(idle_s), anyio.fail_after(ANSWER_WITHIN_S):
                return await front.ask(question)
        except MCPError as error:
            return error.error
        except TimeoutError:
            return t.ErrorData(code=t.REQUEST_TIMEOUT, message=f"Nobody answered within {ANSWER_WITHIN_S:.0f} s.")

    async def elicit(_: Any, params: t.ElicitRequestParams) -> Any:
        return await asked(t.ElicitRequest(params=params))

    async def sample(_: Any, params: t.CreateMessageRequestParams) -> Any:
        return await asked(t.CreateMessageRequest(params=params))

    async def roots(_: Any) -> Any:
        return await asked(t.ListRootsRequest())

    async def logged(params: t.LoggingMessageNotificationParams) -> None:
        await front.tell(t.LoggingMessageNotification(params=params))

    able = front.capabilities
    found: dict[str, tuple[bool, Callable[..., Awaitable[Any]]]] = {
        "elicitation_callback": (able.elicitation is not None, elicit),
        "sampling_callback": (able.sampling is not None, sample),
        "list_roots_callback": (able.roots is not None, roots),
        "logging_callback": (True, logged),
    }
    given: dict[str, Any] = {name: callback for name, (has, callback) in found.items() if has}
    return given | ({"sampling_capabilities": able.sampling} if able.sampling is not None else {})


async def brief(front: Front, server: str, client: Client) -> None:
    """Tell a server that has just been connected what the client had told it before. What it refuses is left out."""
    has, requests = client.server_capabilities, list[t.Request[Any, Any]]()
    if has.logging and front.log_level:
        requests.append(t.SetLevelRequest(params=t.SetLevelRequestParams(level=front.log_level)))
    for uri in front.watched.get(server, {}):
        requests.append(t.SubscribeRequest(params=t.SubscribeRequestParams(uri=uri)))
    for request in requests:
        with suppress(MCPError):
            await client.session.send_request(request, DONE)


async def hear(front: Front, server: str, message: t.ServerNotification | Exception) -> None:
    """Pass on what a server says outside of its answers, as far as it concerns one client."""
    if isinstance(message, t.ResourceUpdatedNotification):
        uri = str(message.params.uri)
        known = front.watched.get(server, {}).get(uri, uri)
        await front.tell(t.ResourceUpdatedNotification(params=message.params.model_copy(update={"uri": known})))
    elif isinstance(message, t.ElicitCompleteNotification):
        await front.tell(message)
