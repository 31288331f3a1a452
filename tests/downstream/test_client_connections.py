"""Connections of one client: which servers have them, and how they end."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import mcp_types as t

from server.downstream.client_connections import ClientConnections

CLIENT = t.Implementation(name="sophia", version="0")


class Mute:
    """A client that answers nothing."""

    capabilities = t.ClientCapabilities()
    log_level = None

    def __init__(self) -> None:
        self.watched: dict[str, dict[str, str]] = {}


@asynccontextmanager
async def opened() -> AsyncGenerator[Any]:
    connections = ClientConnections(CLIENT)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(connections.background.run)
        await anyio.wait_all_tasks_blocked()
        yield connections
        tasks.cancel_scope.cancel()


async def test_each_client_has_its_own_until_it_leaves(scripted: Any, held: Any) -> None:
    shared = scripted.connection(per_client=True)
    async with held(shared), opened() as connections:
        ann, ben = Mute(), Mute()
        of_ann, of_ben = await connections.of(ann, shared), await connections.of(ben, shared)
        assert len({shared, of_ann, of_ben}) == 3
        assert await connections.of(ann, shared) is of_ann
        connections.close(ann)
        assert connections.count() == 1
        assert scripted.opened == 3


async def test_a_server_that_takes_no_handshake_serves_over_the_shared_one_and_is_not_asked_again(
    scripted: Any, held: Any
) -> None:
    shared = scripted.connection(per_client=True)
    async with held(shared), opened() as connections:
        scripted.refuses("initialize", t.UNSUPPORTED_PROTOCOL_VERSION, "only 2026-07-28")
        assert await connections.of(Mute(), shared) is shared
        assert await connections.of(Mute(), shared) is shared
        assert (scripted.opened, connections.count()) == (2, 0)


async def test_a_server_that_is_not_to_have_them_serves_over_the_shared_one(scripted: Any, held: Any) -> None:
    shared = scripted.connection(per_client=False)
    async with held(shared), opened() as connections:
        assert await connections.of(Mute(), shared) is shared
