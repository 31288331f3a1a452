"""One downstream server under supervision.

A single task owns the connection from the first byte to the last: anyio binds cancel scopes to tasks, and an HTTP
transport of the SDK that fails cancels whoever holds its client. Callers in other tasks only borrow the session.
When the connection is lost the calls in flight get an error at once, the task reconnects with a growing delay, and
nobody else notices. What the server offered last stays known while it is away.
"""

import logging
import math
from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeVar

import anyio
import mcp_types as t
from mcp import Client
from mcp.client.session import ClientSession
from mcp.shared.dispatcher import ProgressFnT
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import BaseModel, TypeAdapter, ValidationError

from server.config import UnresolvedReferenceError
from server.downstream.charges import charge
from server.downstream.endpoint import Endpoint
from server.downstream.faults import reason
from server.downstream.fronts import Front, Patience, brief, callbacks, hear
from server.downstream.offer import Offer, fetch_offer
from server.downstream.sound_lists import SoundLists
from server.downstream.watched import UNREADABLE, watched
from server.errors import DownstreamDown, DownstreamGarbage, DownstreamTimeout

__all__ = ["Connection", "State"]

logger = logging.getLogger(__name__)

FIRST_DELAY_S = 0.2
LONGEST_DELAY_S = 15.0
PROBE_EVERY_S = 30.0
PROBE_TIMEOUT_S = 10.0
START_LATER_S = 15.0
"""How long a server that is known from an earlier run may wait for its first call before it is connected anyway: the
client's first list and first answer do not share the machine with servers that nobody has asked."""
SETTLE_S = 0.1
"""How long after a change a list is read again: servers announce several changes at once."""
RELISTEN_S = 5.0
LEAVE_WITHIN_S = 8.0
"""How long a lost connection may take to end: the SDK gives a child two seconds for each way of asking it to."""
PATIENCE_S = 1.0
"""How long a call waits for a server that is being brought back before it is told so."""
CLOSED = "it closed the connection"

State = Literal["connecting", "ready", "down"]
ResultT = TypeVar("ResultT", bound=BaseModel)
ENDED = ("Connection closed", "SSE stream ")
"""What the SDK itself says of a connection or an answer that ended. Servers use the same code, -32000, for errors of
their own, which belong to the client."""

SESSION_LOST = frozenset({"Session terminated", "Session not found"})
"""What the SDK's HTTP transport, and its servers, make of a 404 for a session: nobody looked at the call. Any other
text is the server's own error, and the call may have been run."""

PONG = TypeAdapter(t.EmptyResult)
OnOffer = Callable[[str, Offer], Awaitable[None]]


class Connection:
    """The connection to one server. `run` holds it; everything else borrows it."""

    def __init__(
        self,
        endpoint: Endpoint,
        client_info: t.Implementation,
        on_offer: OnOffer,
        kept: Offer | None,
        front: Front | None = None,
    ) -> None:
        """With `front` it serves that one client and speaks as it does; what the server offers is then not read."""
        self.endpoint = endpoint
        self._front = front
        self._patience = Patience()
        self.offer = kept
        self.state: State = "connecting"
        self.fault: str | None = None
        self.restarts = 0
        self._told: str | None = None
        self.detail: str | None = None  # of a fault, for operators only: it names files and variables of this machine
        self._client_info = client_info
        self._on_offer = on_offer
        self._client: Client | None = None
        self._in_flight = 0
        self._heard_at = 0.0
        self._wanted = anyio.Event()  # somebody asks for it
        self._lost = anyio.Event()  # this connection is over
        self._doubted = anyio.Event()  # something ended that may mean it is over: ask the server
        self._stale = anyio.Event()  # its lists may have changed
        self._turned = anyio.Condition()

    @property
    def name(self) -> str:
        """The server's name in the configuration."""
        return self.endpoint.name

    @property
    def capabilities(self) -> t.ServerCapabilities | None:
        """What the server declared, while it is connected."""
        return self._client.server_capabilities if self._client else None

    async def run(self) -> None:
        """Hold the connection for ever; ends only by cancellation, with the server's process ended."""
        delay_s = FIRST_DELAY_S
        if self.offer is not None:
            with anyio.move_on_after(START_LATER_S):
                await self._wanted.wait()
        while True:
            fault, ready_s = await self._hold()
            if ready_s > LONGEST_DELAY_S:
                delay_s = FIRST_DELAY_S
            self.fault = fault
            self.restarts += 1
            await self._turn("down")
            # The same fault again and again is said once; `doctor` and the status show it for as long as it lasts.
            level = logging.DEBUG if fault == self._told else logging.WARNING
            logger.log(level, "downstream %s: %s; next attempt in %.1f s", self.name, fault, delay_s)
            self._told = fault
            await anyio.sleep(delay_s)
            delay_s = min(delay_s * 2, LONGEST_DELAY_S)

    async def settled(self) -> None:
        """Have it connected, and wait until the first attempt has ended, either way."""
        self._wanted.set()
        async with self._turned:
            while self.state == "connecting":
                await self._turned.wait()

    async def ask(
        self,
        request: t.Request[Any, Any],
        answer: TypeAdapter[ResultT],
        on_progress: ProgressFnT | None = None,
    ) -> ResultT:
        """Send one request and return the server's own answer.

        Raises:
            DownstreamDown: it is away, or went away before it answered.
            DownstreamTimeout: no sign of life for the idle time, or no answer within the call time. The server is
                told to cancel.
            DownstreamGarbage: the answer is no valid result of this request.
            MCPError: the server's own error, untouched.
        """
        session = await self._session()
        self._in_flight += 1
        try:
            return await self._timed(session, request, answer, on_progress)
        finally:
            self._in_flight -= 1

    async def _timed(
        self,
        session: ClientSession,
        request: t.Request[Any, Any],
        answer: TypeAdapter[ResultT],
        on_progress: ProgressFnT | None,
    ) -> ResultT:
        endpoint = self.endpoint
        with anyio.move_on_after(endpoint.call_timeout_s) as whole:
            with anyio.move_on_after(endpoint.idle_timeout_s) as silence, self._patience.call(whole, silence):

                async def progressed(progress: float, total: float | None, message: str | None) -> None:
                    self._heard_at = anyio.current_time()
                    silence.deadline = self._heard_at + endpoint.idle_timeout_s
                    if on_progress is not None:
                        await on_progress(progress, total, message)

                return await self._send(session, request, answer, progressed)
            raise DownstreamTimeout(
                f"The server `{self.name}` gave no sign of life for {endpoint.idle_timeout_s:g} s; the call was "
                "cancelled. Try again, or raise `idle_timeout_ms` for it in downstream.yaml."
            )
        raise DownstreamTimeout(
            f"The server `{self.name}` did not answer within {endpoint.call_timeout_s:g} s; the call was cancelled. "
            "Ask for less, or raise `call_timeout_ms` for it in downstream.yaml."
        )

    async def _send(
        self,
        session: ClientSession,
        request: t.Request[Any, Any],
        answer: TypeAdapter[ResultT],
        on_progress: ProgressFnT,
    ) -> ResultT:
        lost, doubted = self._lost, self._doubted
        if isinstance(request, t.CallToolRequest):
            charge(self.name)
        try:
            # A progress callback always goes along: the token keeps the timers of whatever stands behind alive.
            answered = await session.send_request(request, answer, progress_callback=on_progress)
        except MCPError as error:
            if error.code == t.CONNECTION_CLOSED and error.message.startswith(ENDED):
                # Over HTTP this may be the end of one answer only: the probe finds out, and other calls go on.
                doubted.set()
                raise DownstreamDown(
                    f"The server `{self.name}` went away before it answered and is being connected again. "
                    "Try again in a moment.",
                    retry_after_s=PATIENCE_S,
                ) from error
            if self.endpoint.over_http and error.code == t.INVALID_REQUEST and error.message in SESSION_LOST:
                lost.set()
                raise DownstreamDown(
                    f"The server `{self.name}` forgot our session and is being connected again. "
                    "Try again in a moment.",
                    retry_after_s=PATIENCE_S,
                    delivered=False,
                ) from error
            if error.message == UNREADABLE:
                raise self._garbage() from error
            raise
        except (ValidationError, UnicodeDecodeError) as error:
            raise self._garbage() from error
        self._heard_at = anyio.current_time()
        return answered

    def _garbage(self) -> DownstreamGarbage:
        return DownstreamGarbage(
            f"The server `{self.name}` answered with something that is no valid MCP result. "
            "Its log and its maker can say why."
        )

    async def _session(self) -> ClientSession:
        self._wanted.set()
        patience_s = self.endpoint.connect_timeout_s if self.state == "connecting" else PATIENCE_S
        with anyio.move_on_after(patience_s):
            async with self._turned:
                while self._client is None or self._lost.is_set():
                    await self._turned.wait()
                return self._client.session
        raise DownstreamDown(
            f"The server `{self.name}` is away ({self.fault or 'still connecting'}); Sophia keeps trying to reach it. "
            "Try again in a moment, or run `sophia doctor`.",
            retry_after_s=LONGEST_DELAY_S,
            delivered=False,
        )

    async def _hold(self) -> tuple[str, float]:
        """Connect and stay connected. Returns why it ended and for how many seconds the server had been ready."""
        self._lost = lost = anyio.Event()
        self._doubted = anyio.Event()
        ready_at = math.inf
        lists = SoundLists()
        timeout_s = self.endpoint.connect_timeout_s
        try:
            # One scope around everything, its deadline lifted while connected: a scope of its own around the
            # entering alone would be left before the scopes that entering opens.
            with anyio.CancelScope(deadline=anyio.current_time() + timeout_s) as held:
                async with Client(
                    watched(self.endpoint.open(), lost, lists),
                    cache=None,
                    client_info=self._client_info,
                    message_handler=self._on_message,
                    **self._as_the_client(),
                ) as client:
                    offer = None if self._front else await fetch_offer(client, lists)
                    held.deadline = math.inf
                    ready_at = self._heard_at = anyio.current_time()
                    await self._announce(client, offer)
                    async with anyio.create_task_group() as tasks:
                        tasks.start_soon(self._refresh, client, lists)
                        tasks.start_soon(self._probe, client, lost)
                        if client.protocol_version in MODERN_PROTOCOL_VERSIONS:
                            tasks.start_soon(self._listen, client)
                        await lost.wait()
                        self._part()
                        tasks.cancel_scope.cancel()
                    # Leaving tells an HTTP server that the session is over, and it may never answer.
                    held.deadline = anyio.current_time() + LEAVE_WITHIN_S
        except Exception as error:  # whatever a foreign server and the SDK's transports meet, alone or in groups
            logger.debug("downstream %s", self.name, exc_info=True)
            self.detail = str(error) if isinstance(error, UnresolvedReferenceError) else None
            return reason(error), anyio.current_time() - ready_at
        finally:
            self._client = None
        if ready_at == math.inf:
            return f"it did not connect within {timeout_s:g} s", 0.0
        return self.fault or CLOSED, anyio.current_time() - ready_at

    def _part(self) -> None:
        """From now on calls wait for the next connection; ending this one may take seconds."""
        self._client = None
        self.fault = self.fault or CLOSED
        self.state = "down"

    def _as_the_client(self) -> dict[str, Any]:
        """What makes the SDK's client speak for the one client that this connection serves."""
        if self._front is None:
            return {}
        return {"mode": "legacy", **callbacks(self._front, self._patience, self.endpoint.idle_timeout_s)}

    async def _announce(self, client: Client, offer: Offer | None) -> None:
        self._client = client
        self.fault = None
        if offer is not None:
            await self._take(offer)
        if self._front is not None:
            await brief(self._front, self.name, client)
        await self._turn("ready")

    async def _take(self, offer: Offer) -> None:
        if offer != self.offer:
            self.offer = offer
            await self._on_offer(self.name, offer)

    async def _turn(self, state: State) -> None:
        async with self._turned:
            self.state = state
            self._turned.notify_all()

    async def _on_message(self, message: t.ServerNotification | Exception) -> None:
        changes = (t.ToolListChangedNotification, t.ResourceListChangedNotification, t.PromptListChangedNotification)
        if self._front is not None:
            await hear(self._front, self.name, message)
        elif isinstance(message, changes):
            self._stale.set()
        elif isinstance(message, Exception):
            logger.warning("downstream %s sent something that is no MCP message", self.name)

    async def _refresh(self, client: Client, lists: SoundLists) -> None:
        while True:
            await self._stale.wait()
            await anyio.sleep(SETTLE_S)
            self._stale = anyio.Event()
            try:
                with anyio.fail_after(self.endpoint.connect_timeout_s):
                    offer = await fetch_offer(client, lists)
            except (MCPError, ValidationError, TimeoutError):
                logger.warning("downstream %s: its changed lists could not be read; keeping the last ones", self.name)
                with anyio.move_on_after(LONGEST_DELAY_S):
                    await self._stale.wait()
                self._stale.set()
            else:
                await self._take(offer)

    async def _listen(self, client: Client) -> None:
        has = client.server_capabilities
        tools, resources, prompts = (
            bool(kind and kind.list_changed) for kind in (has.tools, has.resources, has.prompts)
        )
        if not (tools or resources or prompts):
            return
        while True:
            try:
                async with client.listen(
                    tools_list_changed=tools, resources_list_changed=resources, prompts_list_changed=prompts
                ) as changes:
                    self._stale.set()  # what changed before the stream was open is not told on it
                    async for _ in changes:
                        self._stale.set()
            except MCPError as error:
                if error.code == t.METHOD_NOT_FOUND:
                    logger.info("downstream %s says that its lists change and cannot say when", self.name)
                    return
            except Exception:  # a stream may end in any way; what was missed is fetched again
                logger.debug("downstream %s: listen ended", self.name, exc_info=True)
            self._doubted.set()
            await anyio.sleep(RELISTEN_S)

    async def _probe(self, client: Client, lost: anyio.Event) -> None:
        while True:
            with anyio.move_on_after(PROBE_EVERY_S):
                await self._doubted.wait()
            self._doubted = anyio.Event()
            if not await self._answers(client):
                logger.warning("downstream %s no longer answers", self.name)
                self.fault = "it no longer answers"
                lost.set()
                return

    async def _answers(self, client: Client) -> bool:
        try:
            with anyio.fail_after(PROBE_TIMEOUT_S):
                if client.protocol_version in MODERN_PROTOCOL_VERSIONS:
                    await client.session.send_discover(client.protocol_version)
                else:
                    await client.session.send_request(t.PingRequest(), PONG)
        except TimeoutError:
            # Many servers do one thing at a time: while they work on a call they may answer nothing else.
            silent_s = anyio.current_time() - self._heard_at
            return self._in_flight > 0 and silent_s < self.endpoint.call_timeout_s
        except MCPError as error:
            return error.code == t.METHOD_NOT_FOUND  # not every server knows how to answer, but this one did
        except ValidationError:
            pass
        self._heard_at = anyio.current_time()
        return True
