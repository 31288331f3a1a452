"""All servers at once: what is published when, and that nobody's fault costs another."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import mcp_types as t
import pytest

from server.downstream import connection as connection_module
from server.downstream import pool as pool_module
from server.downstream.pool import Kind, Member, OnChange, Pool, running_pool
from server.downstream.proxy import call_tool
from server.state.store import Store

Scripted = Any
CLIENT = t.Implementation(name="sophia", version="0")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FIRST_DELAY_S", "SETTLE_S"):
        monkeypatch.setattr(connection_module, name, 0.001)


def pool_of(store: Store, *members: Member, wait_s: float = 30) -> Pool:
    return Pool(members, store, CLIENT, frozenset({"sales_coach"}), frozenset(), wait_s)


@asynccontextmanager
async def running(pool: Pool, *told: OnChange) -> AsyncGenerator[Pool, None]:
    with anyio.fail_after(30):
        async with running_pool(pool):
            await pool.settled()
            for one in told:
                pool.on_change(one)
            yield pool


async def test_what_a_server_offered_last_is_known_before_anything_connects(store: Store, scripted: Scripted) -> None:
    async with running(pool_of(store, Member(scripted.endpoint(), "crm"))):
        pass
    later = pool_of(store, Member(scripted.endpoint(), "crm"))
    assert list(later.tables.tool_forms) == ["crm__echo"]
    assert (await later.listed()) is later.tables
    assert scripted.opened == 1


async def test_what_was_offered_under_another_configuration_is_not_believed(store: Store, scripted: Scripted) -> None:
    async with running(pool_of(store, Member(scripted.endpoint(), "crm"))):
        pass
    assert not pool_of(store, Member(scripted.endpoint(digest="other"), "crm")).tables.tool_forms


async def test_a_list_waits_a_moment_for_a_server_that_was_never_seen(store: Store, scripted: Scripted) -> None:
    pool = pool_of(store, Member(scripted.endpoint(), "crm"))
    with anyio.fail_after(30):
        async with running_pool(pool):
            assert list((await pool.listed()).tool_forms) == ["crm__echo"]


async def test_a_list_waits_no_longer_than_that(store: Store, scripted: Scripted) -> None:
    scripted.ignores("server/discover")
    pool = pool_of(store, Member(scripted.endpoint(), "crm"), wait_s=0.01)
    with anyio.fail_after(5):
        async with running_pool(pool):
            assert not (await pool.listed()).tool_forms


async def test_a_server_that_is_away_keeps_its_place(store: Store, scripted: Scripted) -> None:
    async with running(pool_of(store, Member(scripted.endpoint(), "crm"))) as pool:
        scripted.refuses("initialize", -32001, "no")
        await scripted.close()
        while pool.connections["scripted"].state != "down":
            await anyio.lowlevel.checkpoint()
        assert list(pool.tables.tool_forms) == ["crm__echo"]
        found = pool.tool("crm__echo")
        assert found is not None
        assert found[1].original == "echo"


async def test_a_change_is_told_to_everybody_even_if_one_breaks_and_one_hangs(
    store: Store, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "TELL_WITHIN_S", 0.01)
    changed = anyio.Event()

    async def breaks(_: frozenset[Kind]) -> None:
        raise RuntimeError("its own fault")

    async def hangs(_: frozenset[Kind]) -> None:
        await anyio.sleep_forever()

    async def hears(_: frozenset[Kind]) -> None:
        changed.set()

    pool = pool_of(store, Member(scripted.endpoint(), "crm"))
    async with running(pool, breaks, hangs, hears):
        scripted.tools.append("second")
        await scripted.notify("notifications/tools/list_changed")
        await changed.wait()
        assert list(pool.tables.tool_forms) == ["crm__echo", "crm__second"]
        assert pool.connections["scripted"].state == "ready"
    assert scripted.opened == 1


async def test_a_store_that_cannot_be_written_costs_no_connection(store: Store, scripted: Scripted) -> None:
    pool = pool_of(store, Member(scripted.endpoint(), "crm"))
    store.close()
    async with running(pool):
        assert pool.connections["scripted"].state == "ready"
        assert list(pool.tables.tool_forms) == ["crm__echo"]
    assert scripted.opened == 1


async def test_an_unchanged_list_is_told_to_nobody(store: Store, scripted: Scripted) -> None:
    async def told(_: frozenset[Kind]) -> None:
        raise AssertionError("nothing changed")

    async with running(pool_of(store, Member(scripted.endpoint(), "crm")), told):
        await scripted.notify("notifications/tools/list_changed")
        while scripted.methods("tools/list") < 2:
            await anyio.lowlevel.checkpoint()


async def test_resources_keep_their_uri_and_the_later_server_gives_way(store: Store, scripted: Scripted) -> None:
    scripted.capabilities = {"resources": {}, "prompts": {}}
    scripted.says("resources/list", {"resources": [{"uri": "test://a b", "name": "a"}]})
    scripted.says("prompts/list", {"prompts": [{"name": "brief"}]})
    members = [Member(scripted.endpoint(name=name), name) for name in ("one", "two")]
    async with running(pool_of(store, members[0])):
        pass
    async with running(pool_of(store, members[1])):
        pass
    tables = pool_of(store, *members).tables
    assert list(tables.resources.listed) == ["test://a b", "sophia://downstream/two/test%3A%2F%2Fa%20b"]
    assert [one.server for one in tables.resources.listed.values()] == ["one", "two"]
    assert list(tables.prompt_forms) == ["one__brief", "two__brief"]
    assert "`one` has it" in tables.remarks[0]


async def test_a_server_that_is_known_is_connected_when_it_is_first_asked(store: Store, scripted: Scripted) -> None:
    async with running(pool_of(store, Member(scripted.endpoint(), "crm"))):
        pass
    pool = pool_of(store, Member(scripted.endpoint(), "crm"))
    with anyio.fail_after(30):
        async with running_pool(pool):
            assert list((await pool.listed()).tool_forms) == ["crm__echo"]
            assert scripted.opened == 1
            found = pool.tool("crm__echo")
            assert found is not None
            await call_tool(found[0], t.CallToolRequestParams(name="echo", arguments={}))
            assert scripted.opened == 2
