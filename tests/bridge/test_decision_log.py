"""Decisions are kept: in memory at once, in the store for every process, and also those made at the very end."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import pytest

from server.bridge import decision_log
from server.bridge.arms import Arms
from server.bridge.bridge import Bridge
from server.bridge.decision import Call, DownstreamMapping, Route, Tool
from server.bridge.decision_log import DecisionLog, new_id
from server.bridge.evidence import Evidence
from server.bridge.execute import Fallback, RouteRun
from server.bridge.guards import Guards
from server.bridge.policy import Policy
from server.errors import BudgetSpent, DownstreamDown, SophiaError
from server.state.decisions import DecisionRecord
from server.state.store import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path) as opened:
        yield opened


def record(number: int = 0, tool: str = "gong_intelligence") -> DecisionRecord:
    return DecisionRecord(f"{number:019x}", float(number), tool, {"route": "agno", "reasons": ["score: +3"]})


async def written(log: DecisionLog, *records: DecisionRecord) -> None:
    """Note the records and end the log at once."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(log.run)
        for one in records:
            log.note(one)
        tasks.cancel_scope.cancel()


async def test_a_decision_is_found_before_it_is_written(store: Store) -> None:
    log = DecisionLog(store)
    log.note(record(1))
    assert await log.find(record(1).id) == record(1)
    assert store.decisions.find(record(1).id) is None


async def test_another_process_finds_a_decision_in_the_store(store: Store, tmp_path: Path) -> None:
    await written(DecisionLog(store), record(1))
    with open_store(tmp_path) as theirs:
        assert await DecisionLog(theirs).find(record(1).id) == record(1)


async def test_a_decision_that_nobody_made_is_not_found(store: Store) -> None:
    assert await DecisionLog(store).find("0" * 19) is None


@pytest.mark.parametrize("steps", range(6))
async def test_what_was_noted_before_the_end_is_written_whenever_the_end_comes(store: Store, steps: int) -> None:
    log = DecisionLog(store)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(log.run)
        await anyio.lowlevel.checkpoint()
        log.note(record(1))
        for _ in range(steps):
            await anyio.lowlevel.checkpoint()
        log.note(record(2))
        tasks.cancel_scope.cancel()
    assert store.decisions.find(record(1).id) == record(1)
    assert store.decisions.find(record(2).id) == record(2)


async def test_memory_keeps_the_newest(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decision_log, "REMEMBERED", 3)
    log = DecisionLog(store)
    for number in range(5):
        log.note(record(number, tool="sales_coach" if number == 3 else "gong_intelligence"))
    assert [one.at for one in log.latest("gong_intelligence", 10)] == [4.0, 2.0]
    assert [one.at for one in log.latest("gong_intelligence", 1)] == [4.0]


async def test_a_store_that_fails_costs_the_records_and_not_the_server(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    store.close()
    log = DecisionLog(store)
    await written(log, record(1))
    assert "could not be written" in caplog.text
    assert await log.find(record(1).id) == record(1)


def test_ids_sort_by_time_and_differ() -> None:
    ids = [new_id() for _ in range(200)]
    assert len(set(ids)) == 200
    assert [one[:11] for one in ids] == sorted(one[:11] for one in ids)


# What the bridge writes down

POLICY = Policy()
NO_FALLBACK = Fallback("disabled", 1, 0, 1000)


@pytest.fixture
def bridge(store: Store) -> Bridge:
    return Bridge(Evidence(), DecisionLog(store), Guards(), Arms())


async def ended(bridge: Bridge, run: RouteRun[Any], *, deadline_ms: int = 60_000, leaves_after_s: float = 60) -> Any:
    made = bridge.decide_proxied("gong__list_calls", "gong", POLICY)
    runs: dict[Route, RouteRun[Any]] = {"downstream": run}
    with anyio.move_on_after(leaves_after_s), suppress(SophiaError):
        await bridge.execute(made, runs, NO_FALLBACK, deadline_ms)
    found = await bridge.log.find(made.id)
    assert found is not None
    return found.content["outcome"]


async def test_each_call_leaves_how_it_ended(bridge: Bridge) -> None:
    async def served() -> str:
        return "calls"

    async def away() -> str:
        raise DownstreamDown("away")

    assert (await ended(bridge, RouteRun(served, True, 1)))["ended"] == "served"
    failed = await ended(bridge, RouteRun(away, True, 1))
    assert (failed["ended"], failed["error"]) == ("failed", "downstream_down")
    late = await ended(bridge, RouteRun(anyio.sleep_forever, True, 1), deadline_ms=1)
    assert (late["ended"], late["error"]) == ("failed", "deadline")
    gone = await ended(bridge, RouteRun(anyio.sleep_forever, True, 1), leaves_after_s=0.01)
    assert gone == {"attempts": [], "ended": "cancelled"}


async def test_a_proxied_tool_is_decided_once_and_each_call_has_its_own_id(bridge: Bridge) -> None:
    first, second = (bridge.decide_proxied("gong__list_calls", "gong", POLICY) for _ in range(2))
    assert first.decision is second.decision
    assert first.id != second.id


async def test_a_spent_budget_is_said_once_for_both_routes_with_what_raises_it(bridge: Bridge) -> None:
    gone = "its budget of 4 credits a day is spent (4 used); it is free again at 00:00 UTC"
    both = Tool("brief", agno="agent", downstream=DownstreamMapping("gong", frozenset(), frozenset(), frozenset()))
    made = bridge.decide(Call("unit"), both, POLICY, {}, {"agno": gone, "downstream": gone})
    with pytest.raises(BudgetSpent) as refused:
        await bridge.execute(made, {}, NO_FALLBACK, 1)
    assert refused.value.message == (
        f"A budget for this call is spent: agno and downstream are out: {gone}. Ask again then; an operator can raise it at "
        "once with `sophia policy set budgets.brief.credits_per_day NUMBER`."
    )
