"""Changes that wait for a yes. The change is decided on one version of the policy and is done on that one or not at all.

A client that can ask its user is made to (elicitation, in the way of its era); any other gets a token and repeats the
call with it. Each waits five minutes, serves once, and for exactly the change that it was given for.
"""

import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import anyio
import mcp_types as t
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

__all__ = ["WAIT_S", "Confirmations", "asked", "can_ask", "said_yes", "to_be_asked"]

WAIT_S = 300
MOST = 256
ASKED = "confirm"
FORM: dict[str, Any] = {
    "type": "object",
    "properties": {"do": {"type": "boolean", "title": "Make this change"}},
    "required": ["do"],
}


@dataclass(frozen=True, slots=True)
class _Waiting:
    change: str
    seen: int
    until: float


class Confirmations:
    """What waits in this process."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._waiting: dict[str, _Waiting] = {}

    def add(self, way: str, whose: str, tool: str, arguments: Mapping[str, Any], seen: int) -> str:
        """A token for this caller's change, decided on version `seen`. `way` keeps answers to a form and tokens apart."""
        token = secrets.token_urlsafe(18)
        if len(self._waiting) >= MOST:
            del self._waiting[next(iter(self._waiting))]
        self._waiting[token] = _Waiting(_key(way, whose, tool, arguments), seen, self._now() + WAIT_S)
        return token

    def take(self, token: str, way: str, whose: str, tool: str, arguments: Mapping[str, Any]) -> int | None:
        """The version that this change was decided on, once; None if the token is not for it, was used, or is too old."""
        waiting = self._waiting.pop(token, None)
        if waiting is None or waiting.change != _key(way, whose, tool, arguments) or waiting.until < self._now():
            return None
        return waiting.seen


def can_ask(ctx: ServerRequestContext[Any, Any]) -> bool:
    """Whether the client says that it can put a form before its user."""
    declared = ctx.session.client_capabilities
    elicitation = declared.elicitation if declared else None
    if elicitation is None or (elicitation.form is None and elicitation.url is not None):
        return False
    return ctx.protocol_version in MODERN_PROTOCOL_VERSIONS or ctx.session.can_send_request


def to_be_asked(question: str, token: str) -> t.InputRequiredResult:
    """The answer to a client of 2026-07-28: it asks, and calls again."""
    form = t.ElicitRequestFormParams(message=question, requested_schema=FORM)
    return t.InputRequiredResult(input_requests={ASKED: t.ElicitRequest(params=form)}, request_state=token)


def said_yes(params: t.CallToolRequestParams) -> bool:
    """Whether the call that was repeated brings a yes."""
    return _yes((params.input_responses or {}).get(ASKED))


async def asked(ctx: ServerRequestContext[Any, Any], question: str) -> bool:
    """Ask the user of a handshake client, for as long as a token lasts."""
    answer: object = None
    with anyio.move_on_after(WAIT_S):
        try:
            answer = await ctx.session.elicit_form(question, FORM, related_request_id=ctx.request_id)
        except MCPError:  # it said that it can ask, and could not
            return False
    return _yes(answer)


def _yes(answer: object) -> bool:
    return (
        isinstance(answer, t.ElicitResult) and answer.action == "accept" and (answer.content or {}).get("do") is True
    )


def _key(way: str, whose: str, tool: str, arguments: Mapping[str, Any]) -> str:
    return json.dumps([way, whose, tool, dict(arguments)], sort_keys=True)
