"""The models of `downstream.yaml`: the MCP servers that exist already and how Sophia reaches them.

A server is written in the `mcpServers` shape that every MCP client uses, so that an operator pastes what
they have. Keys that other clients put there are tolerated with a warning (`server.config.foreign`), but not
those that are a misspelling of one of ours. Under `sophia:` unknown keys are errors as everywhere.

These models are what a file says; `server.config.servers` holds what the rest of the program works with.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal, TypeAlias, cast

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from server.config.names import ExistingToolId
from server.config.references import BadReferenceError, references
from server.config.values import Amount, Count, Milliseconds, Seconds, Settings

Classification: TypeAlias = Literal["public", "internal", "confidential"]
TransportKind: TypeAlias = Literal["stdio", "http", "streamable-http", "sse"]

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,30}")
_SPELLINGS: Final = {"streamable_http": "streamable-http", "streamableHttp": "streamable-http"}


def _server_name(name: str) -> str:
    if _NAME.fullmatch(name):
        return name
    raise PydanticCustomError("server_name", "a server's name is 1 to 30 of the characters a-z A-Z 0-9 _ -")


def _prefix(prefix: str) -> str:
    if not prefix or _NAME.fullmatch(prefix):
        return prefix
    raise PydanticCustomError("prefix", "a prefix is empty or up to 30 of the characters a-z A-Z 0-9 _ -")


def _with_references(text: str) -> str:
    try:
        for _ in references(text):
            pass
    except BadReferenceError as fault:
        raise PydanticCustomError("reference", "{why}", {"why": str(fault), "suggestion": fault.suggestion}) from None
    return text


def _url(url: str) -> str:
    if url.startswith(("http://", "https://", "${")):
        return url
    raise PydanticCustomError("url", "must begin with http:// or https://")


def _spelling(kind: object) -> object:
    return _SPELLINGS.get(kind, kind) if isinstance(kind, str) else kind


def _listed(capabilities: object) -> object:
    """`[a, b]` is short for `{a: null, b: null}`, where the tool is found, and `a: name` for `a: {tool: name}`."""
    if isinstance(capabilities, dict):
        given = cast("dict[object, object]", capabilities)
        return {name: {"tool": use} if isinstance(use, str) else use for name, use in given.items()}
    if not isinstance(capabilities, list):
        return capabilities
    names = cast("list[object]", capabilities)
    if all(isinstance(name, str) for name in names):
        return dict.fromkeys(names)
    raise PydanticCustomError("capabilities", "must be a list of names, or name a tool for each")


Text: TypeAlias = Annotated[str, AfterValidator(_with_references)]
Kind: TypeAlias = Annotated[TransportKind | None, BeforeValidator(_spelling)]
ServerName: TypeAlias = Annotated[str, AfterValidator(_server_name)]


class CapabilityUse(Settings, frozen=True):
    """How one capability of a server is used, where finding out is not enough.

    `arguments` says under which of the tool's names to send what we call otherwise, `given` what is always sent.
    """

    tool: str | None = None
    arguments: Mapping[str, str] = Field(default_factory=dict[str, str])
    given: Mapping[str, str | int | bool] = Field(default_factory=dict[str, str | int | bool])


class ServerOptions(Settings, frozen=True):
    """A server's keys for Sophia, under `sophia:`. They have their defaults here: servers are the operator's."""

    prefix: Annotated[str, AfterValidator(_prefix)] | None = None
    connect_timeout_ms: Milliseconds = 15_000
    call_timeout_ms: Milliseconds = 60_000
    idle_timeout_ms: Milliseconds = 30_000
    capabilities: Annotated[Mapping[str, CapabilityUse | None] | None, BeforeValidator(_listed)] = None
    agno_routes: Annotated[tuple[ExistingToolId, ...], Field(strict=False)] = ()
    classification: Classification = "internal"
    credits_per_call: Amount = 0
    connection_per_client: bool | None = None
    max_concurrent_calls: Count = 256
    cache_s: Seconds = 0
    library_max_calls: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    library_max_mb: Annotated[int, Field(ge=1, le=1_000_000)] = 4_000
    library_background: bool = True


class ServerEntry(Settings, frozen=True):
    """One of `mcpServers`: a program to start, or an address to reach."""

    command: Text | None = None
    args: Annotated[tuple[Text, ...], Field(strict=False)] = ()
    env: Mapping[str, Text] = Field(default_factory=dict[str, str])
    cwd: Text | None = None
    url: Annotated[Text, AfterValidator(_url)] | None = None
    headers: Mapping[str, Text] = Field(default_factory=dict[str, str])
    type: Kind = None
    transport: Kind = None
    disabled: bool = False
    sophia: ServerOptions = Field(default_factory=ServerOptions)

    @model_validator(mode="after")
    def _one_way_to_reach_it(self) -> "ServerEntry":
        if (self.command is None) == (self.url is None):
            raise PydanticCustomError("way", "needs either command (a program to start) or url (an address)")
        if self.type and self.transport and self.type != self.transport:
            raise PydanticCustomError("way", "type and transport say different things; keep one")
        kind = self.type or self.transport
        if kind is not None and (kind == "stdio") != (self.command is not None):
            raise PydanticCustomError("way", "type stdio goes with command, every other type with url")
        stray = ("headers",) if self.command is not None else ("args", "env", "cwd")
        for key in stray:
            if getattr(self, key):
                other = "url" if key == "headers" else "command"
                raise PydanticCustomError("way", f"{key} has no effect here: it goes with {other}")
        return self


class DownstreamOptions(Settings, frozen=True):
    """What concerns all servers, under the file's own `sophia:`."""

    catalog_wait_ms: Annotated[int, Field(ge=0, le=60_000)]


class DownstreamFile(Settings, frozen=True):
    """The file as a whole."""

    sophia: DownstreamOptions
    mcp_servers: Mapping[ServerName, ServerEntry] = Field(alias="mcpServers")
