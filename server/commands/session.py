"""A running Sophia for the length of one command, spoken to by a real MCP client in the same process."""

import json
import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
from mcp import Client
from rich.console import Console

from server.app import Sophia, running
from server.bridge.decision import Route
from server.commands.output import fail
from server.config import Configuration, ConfigurationError, load

__all__ = ["NotUnderstood", "Typed", "configured", "fitted", "session"]

SETTLE_S = 20.0
console = Console(stderr=True)


class NotUnderstood(Exception):
    """An argument of the command line has no meaning; the message says how it is written."""


def configured(config_dir: Path | None) -> Configuration | None:
    """The configuration, or None after its problems were printed."""
    try:
        return load(config_dir, os.environ)
    except ConfigurationError as error:
        fail(str(error))
        return None


@asynccontextmanager
async def session(
    configuration: Configuration, state_dir: Path, *, connected: bool = False
) -> AsyncGenerator[tuple[Sophia, Client], None]:
    """Sophia and a client, once every server has shown what it offers; with `connected`, once each is connected.

    The caller is an operator here.
    """
    async with running(configuration, state_dir, operator=True) as sophia:
        with console.status("connecting to the servers"), anyio.move_on_after(SETTLE_S):
            await (sophia.pool.settled() if connected else sophia.pool.seen())
        async with Client(sophia.server) as client:
            yield sophia, client


@dataclass(frozen=True, slots=True)
class Typed:
    """A call as it was typed on the command line."""

    tool: str
    request: str | None
    pairs: Sequence[str]
    route: Route | None

    def arguments(self) -> dict[str, Any]:
        """The arguments of the call. A value that is JSON is taken as such, anything else as text.

        Raises NotUnderstood.
        """
        arguments: dict[str, Any] = {} if self.request is None else {"request": self.request}
        for pair in self.pairs:
            name, equals, value = pair.partition("=")
            if not equals or not name:
                raise NotUnderstood(f"--arg {pair}: write it as NAME=VALUE")
            arguments[name] = _value(value)
        return arguments


def _value(text: str) -> Any:
    # Ids are digits and must stay text; JSON is only meant where it cannot be anything else.
    if text[:1] in {"{", "["} or text in {"true", "false", "null"}:
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def fitted(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with words that are numbers made numbers, where the tool takes a number and no text."""
    properties: Mapping[str, Any] = schema.get("properties") or {}
    return {name: _fitted(value, properties.get(name) or {}) for name, value in arguments.items()}


def _fitted(value: Any, schema: Any) -> Any:
    choices: Sequence[Any] = schema.get("anyOf") or [schema]
    kinds = {choice.get("type") for choice in choices}
    if not isinstance(value, str) or "string" in kinds or not kinds & {"integer", "number"}:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
