"""What is bound to what, now: the capabilities of the configured servers and the sources over them.

Made anew when a server's offer changes. A source is kept as long as its servers stay the same, since what it has
fetched is worth keeping.
"""

from collections.abc import Mapping

from agents.sources import Sources
from agents.tool import Need
from server.config.downstream import Classification
from server.config.servers import DownstreamServer
from server.downstream.adapters.calls import CallLibrary
from server.downstream.adapters.gong_feed import Doors, GongFeed
from server.downstream.adapters.known import Known
from server.downstream.adapters.warehouse import McpWarehouse
from server.downstream.capabilities import Binding, Capability, bind
from server.downstream.connection import Connection
from server.downstream.pool import Kind, Pool

__all__ = ["Bound"]

STRICTNESS: tuple[Classification, ...] = ("confidential", "internal", "public")
CALL_CAPABILITIES: tuple[Capability, ...] = ("calls.list", "calls.details", "calls.transcripts")


class Bound:
    """The current bindings of a pool, and the sources of the agents."""

    def __init__(self, pool: Pool, servers: Mapping[str, DownstreamServer]) -> None:
        self._pool = pool
        self.uses = {name: server.capabilities for name, server in servers.items()}
        self._classes = {name: server.classification for name, server in servers.items()}
        self.bindings: Mapping[Capability, Binding] = {}
        self.sources = Sources()
        self.known = Known(lambda: self.sources)
        self._made_of: dict[str, str] = {}
        self._rebind()
        pool.on_change(self._changed)

    def at(self, capability: Capability) -> tuple[Connection, Binding] | None:
        """Where a capability is bound."""
        binding = self.bindings.get(capability)
        return None if binding is None else (self._pool.connections[binding.server], binding)

    @property
    def classification(self) -> Classification:
        """The strictest label among the servers that the sources stand on."""
        labels = {self._classes[binding.server] for binding in self.bindings.values()}
        for label in STRICTNESS:
            if label in labels:
                return label
        return "internal"

    def missing(self, needs: frozenset[Need]) -> bool:
        """Whether nothing is bound for something that is needed."""
        return any(getattr(self.sources, need) is None for need in needs)

    async def _changed(self, _: frozenset[Kind]) -> None:
        self._rebind()

    def _rebind(self) -> None:
        offers = {name: c.offer for name, c in self._pool.connections.items() if c.offer is not None}
        self.bindings = bind(offers, self.uses)
        made_of = {capability: f"{b.server}/{b.tool.name}" for capability, b in self.bindings.items()}
        if made_of == self._made_of:
            return
        self._made_of = made_of
        doors: Doors = {c: door for c in CALL_CAPABILITIES if (door := self.at(c)) is not None}
        calls = CallLibrary(GongFeed(doors)) if len(doors) == len(CALL_CAPABILITIES) else None
        query = self.at("warehouse.query")
        self.sources = Sources(calls=calls, warehouse=McpWarehouse(*query) if query else None)
        self.known.forget()
