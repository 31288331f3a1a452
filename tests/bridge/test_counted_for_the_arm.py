"""Each call under a rollout counts for the arm it was drawn into, with how that arm's own route did."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from server.bridge.arms import Arms, load_arms, stage_of
from server.bridge.bridge import Bridge
from server.bridge.decision import Call, DownstreamMapping, Route, Tool
from server.bridge.decision_log import DecisionLog
from server.bridge.evidence import Evidence
from server.bridge.execute import Fallback, RouteRun
from server.bridge.guards import Guards
from server.bridge.policy import Policy, Rollout
from server.errors import DownstreamDown, InvalidArguments, ModelFailed, SophiaError
from server.state.store import Store, open_store

NAME = "gong_intelligence"
MAPPING = DownstreamMapping("gong", frozenset({"brief"}), frozenset(), frozenset())
TOOL = Tool(NAME, agno="agent", downstream=MAPPING, target_ms=10_000)
CALL = Call("session:1", intent="brief")
GRACEFUL = Fallback("graceful", 1, 0, 5_000)


@pytest.fixture
def store(tmp_path: Path) -> Generator[Store]:
    with open_store(tmp_path) as opened:
        yield opened


@pytest.fixture
def bridge(store: Store) -> Bridge:
    return Bridge(Evidence(), DecisionLog(store), Guards(), Arms())


def under(percent: int) -> Policy:
    return Policy(version=3, rollouts={NAME: Rollout(percent, "salt", "running", 0.0, 0.0)})


def route_that(error: SophiaError | None = None) -> RouteRun[str]:
    async def run() -> str:
        if error is not None:
            raise error
        return "served"

    return RouteRun(run, repeatable=True, attempts=1)


async def called(bridge: Bridge, percent: int, runs: dict[Route, RouteRun[Any]], **faults: str) -> Any:
    away: dict[Any, str] = dict(faults)
    made = bridge.decide(CALL, TOOL, under(percent), away)
    try:
        return await bridge.execute(made, runs, GRACEFUL, 60_000)
    except SophiaError as error:
        return error


def counted(bridge: Bridge, store: Store, percent: int) -> dict[Route, tuple[int, dict[str, int]]]:
    store.tallies.save("arm", "this", bridge.arms.unsaved("arm"))
    stage = stage_of(load_arms(store.tallies, NAME, "salt"), percent)
    return {route: (arm.calls, arm.errors_by_kind) for route, arm in stage.items()}


async def test_a_failure_counts_for_its_arm_though_a_fallback_hid_it(bridge: Bridge, store: Store) -> None:
    runs = {"agno": route_that(ModelFailed("broken", delivered=False)), "downstream": route_that()}
    executed = await called(bridge, 100, runs)
    assert executed.route == "downstream"
    assert counted(bridge, store, 100) == {"agno": (1, {"model": 1}), "downstream": (0, {})}


async def test_a_route_that_could_not_serve_counts_against_its_arm(bridge: Bridge, store: Store) -> None:
    executed = await called(bridge, 100, {"agno": route_that(), "downstream": route_that()}, agno="full")
    assert executed.route == "downstream"
    assert counted(bridge, store, 100)["agno"] == (1, {"unavailable": 1})


async def test_the_other_arm_counts_for_itself(bridge: Bridge, store: Store) -> None:
    policy = Policy(rollouts={NAME: Rollout(1, "salt", "running", 0.0, 0.0)})
    made = bridge.decide(CALL, TOOL, policy, {})
    assert made.decision.arm == "downstream"
    await bridge.execute(made, {"agno": route_that(), "downstream": route_that()}, GRACEFUL, 60_000)
    assert counted(bridge, store, 1) == {"agno": (0, {}), "downstream": (1, {})}


@pytest.mark.parametrize("error", [InvalidArguments("the caller's mistake", delivered=False)])
async def test_what_is_the_callers_doing_counts_for_no_arm(bridge: Bridge, store: Store, error: SophiaError) -> None:
    await called(bridge, 100, {"agno": route_that(error), "downstream": route_that()})
    assert counted(bridge, store, 100)["agno"] == (0, {})


async def test_a_call_that_only_one_route_can_serve_is_not_drawn(bridge: Bridge, store: Store) -> None:
    made = bridge.decide(Call("session:1", intent="something else"), TOOL, under(50), {})
    assert made.draw is None
    await bridge.execute(made, {"agno": route_that()}, GRACEFUL, 60_000)
    assert counted(bridge, store, 50) == {"agno": (0, {}), "downstream": (0, {})}


async def test_the_record_says_whose_call_it_was_by_number_and_under_which_policy(bridge: Bridge) -> None:
    made = bridge.decide(CALL, TOOL, under(100), {})
    await bridge.execute(made, {"agno": route_that(DownstreamDown("x")), "downstream": route_that()}, GRACEFUL, 9_000)
    record = await bridge.log.find(made.id)
    assert record is not None
    assert record.content["policy"] == 3
    assert 0 <= record.content["unit"] < 1024
    assert "session:1" not in str(record.content)


@pytest.mark.parametrize(
    ("runs", "kept"),
    [
        ({"agno": route_that(ModelFailed("x", delivered=False)), "downstream": route_that()}, "model"),
        ({"agno": route_that(), "downstream": route_that()}, None),
    ],
)
async def test_the_record_says_how_the_call_counts(bridge: Bridge, runs: dict[Route, Any], kept: str | None) -> None:
    made = bridge.decide(CALL, TOOL, under(100), {})
    await bridge.execute(made, runs, GRACEFUL, 9_000)
    record = await bridge.log.find(made.id)
    assert record is not None
    assert record.content["outcome"]["counted"]["error"] == kept


async def test_the_record_of_a_mistaken_call_does_not_count(bridge: Bridge) -> None:
    mistaken = route_that(InvalidArguments("the caller's mistake", delivered=False))
    made = bridge.decide(CALL, TOOL, under(100), {})
    with pytest.raises(InvalidArguments):
        await bridge.execute(made, {"agno": mistaken, "downstream": mistaken}, GRACEFUL, 9_000)
    record = await bridge.log.find(made.id)
    assert record is not None
    assert "counted" not in record.content["outcome"]
