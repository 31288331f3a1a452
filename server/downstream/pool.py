"""All downstream servers at once: their connections, the names they are published under, where a name leads.

The table is made anew when a server's offer changes, from what each offered last; a server that is away keeps its
place in it. Looking a name up is one dictionary access.
"""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

import anyio
import mcp_types as t
from anyio import to_thread

from server.downstream.connection import Connection
from server.downstream.endpoint import Endpoint
from server.downstream.naming import Published, Table, publish
from server.downstream.offer import Offer, offer_from_json, offer_to_json
from server.downstream.resource_table import ResourceTable, resource_table
from server.state.store import Store

__all__ = ["Kind", "Member", "OnChange", "Pool", "Tables", "running_pool"]

logger = logging.getLogger(__name__)

TELL_WITHIN_S = 5.0
"""How long whoever is told of a change may take: a client that does not read holds nobody else up."""

Kind = Literal["tools", "resources", "prompts"]
OnChange = Callable[[frozenset[Kind]], Awaitable[None]]
"""Told which lists of what is published have changed; none where only what a server offers itself has."""


@dataclass(frozen=True, slots=True)
class Member:
    """One configured server: how to reach it and under which prefix it is published."""

    endpoint: Endpoint
    prefix: str


@dataclass(frozen=True, slots=True)
class Tables:
    """Where each published name leads, and the published form of what is there."""

    tools: Table
    prompts: Table
    tool_forms: Mapping[str, t.Tool] = field(default_factory=dict[str, t.Tool])
    prompt_forms: Mapping[str, t.Prompt] = field(default_factory=dict[str, t.Prompt])
    resources: ResourceTable = field(default_factory=lambda: resource_table([]))
    remarks: tuple[str, ...] = ()


class Pool:
    """The connections and their tables. Made by `running_pool`."""

    def __init__(
        self,
        members: Iterable[Member],
        store: Store,
        client_info: t.Implementation,
        own_tools: frozenset[str],
        own_prompts: frozenset[str],
        catalog_wait_s: float,
    ) -> None:
        self._members = {member.endpoint.name: member for member in members}
        self._store = store
        self._own_tools = own_tools
        self._own_prompts = own_prompts
        self._catalog_wait_s = catalog_wait_s
        self._on_change: list[OnChange] = []
        self.connections = {
            name: Connection(member.endpoint, client_info, self._offered, self._kept(member.endpoint))
            for name, member in self._members.items()
        }
        self._news = anyio.Event()
        self.tables = self._tables()

    def on_change(self, told: OnChange) -> None:
        """Have `told` awaited whenever what is published has changed."""
        self._on_change.append(told)

    async def listed(self) -> Tables:
        """The tables, after a short wait for servers that were never seen before."""
        with anyio.move_on_after(self._catalog_wait_s):
            await self.seen()
        return self.tables

    async def seen(self) -> None:
        """Wait until every server has shown once what it offers, now or in an earlier run, or could not."""
        async with anyio.create_task_group() as waiting:
            for connection in self.connections.values():
                if connection.offer is None:
                    waiting.start_soon(connection.settled)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds of what is offered, or until no server is left that could change it."""
        async with anyio.create_task_group() as waiting:

            async def everybody() -> None:
                await self.seen()
                waiting.cancel_scope.cancel()

            waiting.start_soon(everybody)
            while not holds():
                await self._news.wait()
            waiting.cancel_scope.cancel()

    def unseen(self, name: str) -> bool:
        """Whether a server that has not shown yet what it offers could publish something under this name."""
        prefixes = (self._members[n].prefix for n, connection in self.connections.items() if connection.offer is None)
        return any(name.startswith(prefix) for prefix in prefixes)

    async def settled(self) -> None:
        """Wait until each server has connected or failed to, once."""
        async with anyio.create_task_group() as waiting:
            for connection in self.connections.values():
                waiting.start_soon(connection.settled)

    def tool(self, name: str) -> tuple[Connection, Published, t.Tool] | None:
        """Where a published tool leads, with its published form."""
        entry = self.tables.tools.by_name.get(name)
        return None if entry is None else (self.connections[entry.server], entry, self.tables.tool_forms[name])

    def prompt(self, name: str) -> tuple[Connection, Published] | None:
        """Where a published prompt leads."""
        entry = self.tables.prompts.by_name.get(name)
        return None if entry is None else (self.connections[entry.server], entry)

    async def run(self) -> None:
        """Hold all connections until cancelled."""
        async with anyio.create_task_group() as tasks:
            for connection in self.connections.values():
                tasks.start_soon(connection.run, name=f"downstream {connection.name}")

    def _kept(self, endpoint: Endpoint) -> Offer | None:
        kept = self._store.catalogs.load(endpoint.name, endpoint.digest)
        return None if kept is None else offer_from_json(kept)

    async def _offered(self, server: str, offer: Offer) -> None:
        # Nothing that goes wrong here is the server's fault, and none of it may cost the server its connection.
        before, self.tables = self.tables, self._tables()
        try:
            digest = self._members[server].endpoint.digest
            await to_thread.run_sync(self._store.catalogs.save, server, digest, offer_to_json(offer))
        except Exception:  # a full disk; the next start then waits for the server instead of knowing it
            logger.exception("the catalog of %s could not be kept", server)
        changed = _changed(before, self.tables)
        for told in self._on_change:
            try:
                with anyio.move_on_after(TELL_WITHIN_S):
                    await told(changed)
            except Exception:  # whoever is told has faults of their own
                logger.exception("a change of %s could not be told to everybody", server)
        self._news.set()
        self._news = anyio.Event()

    def _tables(self) -> Tables:
        offers = [(name, self._members[name].prefix, c.offer) for name, c in self.connections.items() if c.offer]
        tools = publish(self._own_tools, [(n, p, [x.name for x in o.tools]) for n, p, o in offers])
        prompts = publish(self._own_prompts, [(n, p, [x.name for x in o.prompts]) for n, p, o in offers])
        resources = resource_table([(name, offer) for name, _, offer in offers])
        own_tools = {(name, tool.name): tool for name, _, offer in offers for tool in offer.tools}
        own_prompts = {(name, prompt.name): prompt for name, _, offer in offers for prompt in offer.prompts}
        return Tables(
            tools=tools,
            prompts=prompts,
            tool_forms={
                p.name: own_tools[p.server, p.original].model_copy(update={"name": p.name})
                for p in tools.by_name.values()
            },
            prompt_forms={
                p.name: own_prompts[p.server, p.original].model_copy(update={"name": p.name})
                for p in prompts.by_name.values()
            },
            resources=resources,
            remarks=(
                *tools.remarks,
                *prompts.remarks,
                *resources.remarks,
                *(f"`{name}`: {said}" for name, _, offer in offers for said in offer.left_out),
            ),
        )


def _changed(before: Tables, after: Tables) -> frozenset[Kind]:
    same: dict[Kind, bool] = {
        "tools": before.tool_forms == after.tool_forms,
        "resources": before.resources == after.resources,
        "prompts": before.prompt_forms == after.prompt_forms,
    }
    return frozenset(kind for kind, equal in same.items() if not equal)


@asynccontextmanager
async def running_pool(pool: Pool) -> AsyncGenerator[Pool, None]:
    """Keep the pool's connections up for the length of the block; on leaving, every child process has ended."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pool.run)
        try:
            yield pool
        finally:
            tasks.cancel_scope.cancel()
