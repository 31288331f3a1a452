"""The existing MCP servers as the rest of the program works with them: every value settled, none optional.

A transport still holds references (`${env:NAME}`); `resolve_transport` replaces them, and only whoever is
about to connect calls it. No `repr` here shows what could be a secret.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal, TypeAlias

from server.config.downstream import CapabilityUse, Classification, DownstreamFile, ServerEntry
from server.config.masking import Masks, disguise, disguise_args
from server.config.names import ExistingToolId
from server.config.references import references, resolve


@dataclass(frozen=True, slots=True)
class StdioTransport:
    """A program to start as a child. Its arguments and variables may be secret: `repr` leaves them out."""

    command: str
    args: tuple[str, ...] = field(default=(), repr=False)
    env: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    cwd: str | None = None


@dataclass(frozen=True, slots=True)
class HttpTransport:
    """An address to reach: `http` is streamable HTTP, `sse` the older way."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    kind: Literal["http", "sse"] = "http"


Transport: TypeAlias = StdioTransport | HttpTransport


@dataclass(frozen=True, slots=True)
class DownstreamServer:
    """One server as it takes effect. `digest` changes when the way to reach it changes, and only then."""

    name: str
    transport: Transport
    prefix: str
    connect_timeout_ms: int
    call_timeout_ms: int
    idle_timeout_ms: int
    capabilities: Mapping[str, CapabilityUse | None] | None
    agno_routes: tuple[ExistingToolId, ...]
    classification: Classification
    credits_per_call: float
    connection_per_client: bool
    max_concurrent_calls: int
    cache_s: int
    library_max_calls: int
    library_max_mb: int
    library_background: bool
    disabled: bool
    digest: str


@dataclass(frozen=True, slots=True)
class Downstream:
    """All servers by name, in the order of the file, and how long a first list waits for them."""

    servers: Mapping[str, DownstreamServer]
    catalog_wait_ms: int


def settle_downstream(file: DownstreamFile) -> Downstream:
    servers = {name: _settle_server(name, entry) for name, entry in file.mcp_servers.items()}
    return Downstream(servers, file.sophia.catalog_wait_ms)


def _settle_server(name: str, entry: ServerEntry) -> DownstreamServer:
    options = entry.sophia
    transport = _transport(entry)
    return DownstreamServer(
        name=name,
        transport=transport,
        prefix=name if options.prefix is None else options.prefix,
        connect_timeout_ms=options.connect_timeout_ms,
        call_timeout_ms=options.call_timeout_ms,
        idle_timeout_ms=options.idle_timeout_ms,
        capabilities=options.capabilities,
        agno_routes=options.agno_routes,
        classification=options.classification,
        credits_per_call=options.credits_per_call,
        connection_per_client=entry.url is not None
        if options.connection_per_client is None
        else options.connection_per_client,
        max_concurrent_calls=options.max_concurrent_calls,
        cache_s=options.cache_s,
        library_max_calls=options.library_max_calls,
        library_max_mb=options.library_max_mb,
        library_background=options.library_background,
        disabled=entry.disabled,
        digest=digest(asdict(transport)),
    )


def _transport(entry: ServerEntry) -> Transport:
    if entry.url is not None:
        kind = "sse" if (entry.type or entry.transport) == "sse" else "http"
        return HttpTransport(entry.url, entry.headers, kind)
    return StdioTransport(entry.command or "", entry.args, entry.env, entry.cwd)


def variables(transport: Transport, environ: Mapping[str, str]) -> list[str]:
    """The values of the environment variables that a transport refers to, in its order; empty where one is not set."""
    match transport:
        case StdioTransport(command, args, env, cwd):
            texts = [command, *args, *env.values(), cwd or ""]
        case HttpTransport(url, headers):
            texts = [url, *headers.values()]
    named = (reference for text in texts for reference in references(text) if reference.kind == "env")
    return [environ.get(reference.name) or reference.default or "" for reference in named]


def digest(values: object) -> str:
    """A stable fingerprint of JSON values: the order of keys does not matter."""
    text = json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def resolve_transport(transport: Transport, environ: Mapping[str, str], masks: Masks) -> Transport:
    """`transport` with every reference replaced, ready to connect with.

    Secrets join `masks`, also those that were written into the file against all advice. Raises
    `UnresolvedReferenceError`. May read files and run `esc`: call it from a thread.
    """

    def plain(text: str) -> str:
        return resolve(text, environ, masks)

    def plain_values(values: Mapping[str, str]) -> dict[str, str]:
        for name, text in values.items():
            disguise(name, text, masks)
        return {name: plain(text) for name, text in values.items()}

    match transport:
        case StdioTransport(command, args, env, cwd):
            disguise_args(args, masks)
            return StdioTransport(
                command=plain(command),
                args=tuple(plain(arg) for arg in args),
                env=plain_values(env),
                cwd=None if cwd is None else plain(cwd),
            )
        case HttpTransport(url, headers, kind):
            disguise("", url, masks)
            return HttpTransport(plain(url), plain_values(headers), kind)
