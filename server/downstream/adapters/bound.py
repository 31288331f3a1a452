"""What is bound to what, now: the capabilities of the configured servers and the sources over them.

Made anew when a server's offer changes. A source is kept as long as its servers stay the same, since what it has
fetched is worth keeping.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar, cast

import anyio

from agents.sources import CallSource, DocumentSource, MessageSource, Sources, Warehouse
from agents.tool import Need
from server.config.downstream import Classification
from server.config.servers import DownstreamServer
from server.downstream.adapters.call_feeds import call_feed_of
from server.downstream.adapters.crm import CrmWarehouse
from server.downstream.adapters.deal_feed import feed_of
from server.downstream.adapters.documents import Documents, shelf_of
from server.downstream.adapters.feed import CallFeed
from server.downstream.adapters.gong_feed import Doors
from server.downstream.adapters.known import Known
from server.downstream.adapters.messages import McpMessages, MessageDoors
from server.downstream.adapters.warehouse import McpWarehouse
from server.downstream.capabilities import Binding, Capability, bind, bind_each
from server.downstream.connection import Connection
from server.downstream.pool import Kind, Pool
from server.library.calls import CallLibrary

__all__ = ["Bound"]

STRICTNESS: tuple[Classification, ...] = ("confidential", "internal", "public")
CALL_CAPABILITIES: tuple[Capability, ...] = ("calls.list", "calls.details", "calls.transcripts")
DEAL_CAPABILITIES: tuple[Capability, ...] = ("warehouse.query", "crm.deals", "crm.owners")
MESSAGE_CAPABILITIES: tuple[Capability, ...] = (
    "messages.search",
    "messages.history",
    "messages.channels",
    "messages.send",
)
DOCUMENT_CAPABILITIES: tuple[Capability, ...] = ("documents.search", "documents.read", "documents.folder")
SourceT = TypeVar("SourceT")


class Bound:
    """The current bindings of a pool, and the sources of the agents."""

    def __init__(
        self,
        pool: Pool,
        servers: Mapping[str, DownstreamServer],
        library: Callable[[DownstreamServer, CallFeed], CallLibrary],
        label: Callable[[str], Classification],
    ) -> None:
        self._pool = pool
        self._servers = servers
        self._library = library
        self.library: CallLibrary | None = None
        self._rebound = anyio.Event()
        self.uses = {name: server.capabilities for name, server in servers.items()}
        self._label = label
        self.bindings: Mapping[Capability, Binding] = {}
        self.sources = Sources()
        self.known = Known(lambda: self.sources)
        self._each: Mapping[str, Mapping[Capability, Binding]] = {}
        self._made_of: dict[Need, object] = {}
        self._rebind()
        pool.on_change(self._changed)

    def at(self, capability: Capability) -> tuple[Connection, Binding] | None:
        """Where a capability is bound."""
        binding = self.bindings.get(capability)
        return None if binding is None else (self._pool.connections[binding.server], binding)

    def servers(self, needs: Iterable[Need], tools: Iterable[str] = ()) -> frozenset[str]:
        """The servers that stand behind what is needed, and behind published tools."""
        stand_on: Mapping[Need, Iterable[str]] = {
            "calls": self._behind(CALL_CAPABILITIES),
            "warehouse": self._behind(("warehouse.query",)) or self._behind(DEAL_CAPABILITIES),
            "messages": self._behind(MESSAGE_CAPABILITIES),
            "documents": [server for server, bound in self._each.items() if "documents.read" in bound],
        }
        lent = [found[1].server for name in tools if (found := self._pool.tool(name)) is not None]
        return frozenset(lent).union(*(stand_on[need] for need in needs))

    def strictest(self, servers: Iterable[str]) -> Classification:
        """The strictest label among these servers."""
        labels = {self._label(server) for server in servers}
        for label in STRICTNESS:
            if label in labels:
                return label
        return "internal"

    def _behind(self, capabilities: Iterable[Capability]) -> list[str]:
        return [self.bindings[capability].server for capability in capabilities if capability in self.bindings]

    def missing(self, needs: frozenset[Need]) -> bool:
        """Whether nothing is bound for something that is needed."""
        return any(getattr(self.sources, need) is None for need in needs)

    def may_come(self, need: Need) -> bool:
        """Whether nothing is bound for this yet, and a server that has never shown what it offers may bring it."""
        unseen = (c.offer is None and c.state == "connecting" for c in self._pool.connections.values())
        return getattr(self.sources, need) is None and any(unseen)

    async def run(self) -> None:
        """Have the library that is bound now read on in the background, for as long as the process serves."""
        while True:
            rebound = self._rebound = anyio.Event()
            library = self.library
            try:
                async with anyio.create_task_group() as tasks:
                    if library is not None:
                        tasks.start_soon(library.run)
                    await rebound.wait()
                    tasks.cancel_scope.cancel()
            finally:
                if library is not None:
                    with anyio.CancelScope(shield=True):
                        await library.aclose()

    async def _changed(self, _: frozenset[Kind]) -> None:
        self._rebind()

    def _rebind(self) -> None:
        offers = {name: c.offer for name, c in self._pool.connections.items() if c.offer is not None}
        self.bindings = bind(offers, self.uses)
        self._each = bind_each(offers, self.uses)
        sources = Sources(
            calls=self._kept("calls", CALL_CAPABILITIES, self._calls),
            warehouse=self._kept("warehouse", DEAL_CAPABILITIES, self._warehouse),
            messages=self._kept("messages", MESSAGE_CAPABILITIES, self._messages),
            documents=self._kept_documents(),
        )
        if sources != self.sources:
            self.sources = sources
            self.known.forget()

    def _kept(
        self, need: Need, capabilities: tuple[Capability, ...], make: Callable[[], SourceT | None]
    ) -> SourceT | None:
        """The source as it is, or a new one where it would stand on other tools."""
        bindings = [self.bindings[capability] for capability in capabilities if capability in self.bindings]
        return self._unless_same(need, bindings, make)

    def _kept_documents(self) -> DocumentSource | None:
        """All servers that have documents, and not the first only."""
        bindings = [b for bound in self._each.values() for c, b in bound.items() if c in DOCUMENT_CAPABILITIES]
        return self._unless_same("documents", bindings, self._documents)

    def _unless_same(
        self, need: Need, bindings: Sequence[Binding], make: Callable[[], SourceT | None]
    ) -> SourceT | None:
        stands_on = [(b.server, b.tool.name, b.tool.input_schema, b.use) for b in bindings]
        if need not in self._made_of or self._made_of[need] != stands_on:
            self._made_of[need] = stands_on
            return make()
        return cast("SourceT | None", getattr(self.sources, need))

    def _calls(self) -> CallSource | None:
        doors: Doors = {c: door for c in CALL_CAPABILITIES if (door := self.at(c)) is not None}
        feed = call_feed_of(doors)
        self.library = None
        if feed is not None:
            self.library = self._library(self._servers[self.bindings["calls.list"].server], feed)
        self._rebound.set()
        return self.library

    def _warehouse(self) -> Warehouse | None:
        """A SQL warehouse before a CRM: one place for all figures, so that no two agents contradict each other."""
        if (query := self.at("warehouse.query")) is not None:
            return McpWarehouse(*query)
        if (deals := self.at("crm.deals")) is not None:
            return CrmWarehouse(deals[1].server, feed_of(deals, self.at("crm.owners")))
        return None

    def _messages(self) -> MessageSource | None:
        doors: MessageDoors = {c: door for c in MESSAGE_CAPABILITIES if (door := self.at(c)) is not None}
        return McpMessages(doors) if "messages.search" in doors else None

    def _documents(self) -> DocumentSource | None:
        shelves = [shelf_of(self._pool.connections[server], bound) for server, bound in self._each.items()]
        found = [shelf for shelf in shelves if shelf is not None]
        return Documents(found) if found else None
