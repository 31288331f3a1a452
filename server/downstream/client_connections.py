"""Connections that serve one client alone, to servers that may ask it something.

A handshake client that can be asked, that wants a server's log or watches a resource, gets a connection of its own, in
its own era and with what it is able to, to each server that it calls and that is to have them. All other calls share
one connection for each server.
"""

from dataclasses import dataclass, field

import anyio
import mcp_types as t

from server.background import Background
from server.downstream.connection import Connection
from server.downstream.fronts import Front

__all__ = ["ClientConnections"]


@dataclass(slots=True)
class _Held:
    """One connection, what ends it, and whether it ever stood."""

    connection: Connection
    stood: bool = False
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)


class ClientConnections:
    """Opens them when they are first needed; `background` holds them."""

    def __init__(self, client_info: t.Implementation) -> None:
        self._client_info = client_info
        self._held: dict[Front, dict[str, _Held]] = {}
        self._refused: dict[str, int] = {}
        self.background = Background()

    async def of(self, front: Front, shared: Connection) -> Connection:
        """The client's own connection to the server behind `shared`; `shared` itself where the server cannot have one."""
        refused = self._refused.get(shared.name) == shared.restarts
        if not self.background.held or not shared.endpoint.per_client or refused:
            return shared
        held = self._held.setdefault(front, {}).get(shared.name)
        if held is None:
            held = _Held(Connection(shared.endpoint, self._client_info, _ignored, None, front))
            self._held[front][shared.name] = held
            self.background.begin(self._hold, held, name=f"downstream {shared.name} for one client")
        await held.connection.settled()
        if held.connection.state == "ready":
            held.stood = True
            return held.connection
        if shared.state == "ready" and not held.stood:
            # It is there and takes no handshake: not to be asked again before it has been connected anew.
            self._refused[shared.name] = shared.restarts
            held.scope.cancel()
            self._held.get(front, {}).pop(shared.name, None)
        return shared

    def open(self, front: Front) -> list[Connection]:
        """The connections that the client has."""
        return [held.connection for held in self._held.get(front, {}).values()]

    def count(self) -> int:
        """How many there are."""
        return sum(len(held) for held in self._held.values())

    def close(self, front: Front) -> None:
        """End those of a client that has left."""
        for held in self._held.pop(front, {}).values():
            held.scope.cancel()

    @staticmethod
    async def _hold(held: _Held) -> None:
        with held.scope:
            await held.connection.run()


async def _ignored(_: str, __: object) -> None:
    """What a server offers is known from the shared connection."""
