"""Runs beside: who is sampled, what a pair counts for, and that nobody notices them."""

from collections.abc import Callable, Coroutine, Generator
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from agents.outcome import Answered
from server.bridge.arms import Arms, load_arms, stage_of
from server.bridge.decision import Route
from server.bridge.decision_log import DecisionLog
from server.bridge.execute import Fallback, RouteRun
from server.bridge.guards import Beside, Guards
from server.bridge.policy import Rollout
from server.bridge.retry_budget import RESERVE
from server.bridge.shadow import Pair, Shadows, sampled
from server.errors import NotFound, SophiaError, SourceFailed
from server.state.decisions import DecisionRecord
from server.state.store import Store, open_store

NAME = "gong_intelligence"
GRACEFUL = Fallback("graceful", 3, 100, 5_000)
ANSWER = Answered("said", "embedded", data={"call_brief": [{"brief": {"company_questions": 3}}]})
SAME = Answered("said", "", data={"downstream": {"questions": {"company": 3}}})
DEADLINE_MS = 5_000
InVirtualTime = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture
def store(tmp_path: Path) -> Generator[Store]:
    with open_store(tmp_path) as opened:
        yield opened


@pytest.fixture
def log(store: Store) -> DecisionLog:
    return DecisionLog(store)


def decided(arm: Route | None = None, error: str | None = None, *, borrowed: bool = False) -> DecisionRecord:
    attempt = {"standing": "first", "latency_ms": 40.0, "error": error, "borrowed": borrowed}
    return DecisionRecord("id", 1.0, NAME, {"arm": arm, "outcome": {"attempts": [attempt], "ended": "served"}})


def that(answer: Answered | SophiaError, after_s: float = 1.0) -> RouteRun[Answered]:
    async def run() -> Answered:
        await anyio.sleep(after_s)
        if isinstance(answer, SophiaError):
            raise answer
        return answer

    return RouteRun(run, repeatable=True, attempts=1)


def pair(
    record: DecisionRecord, run: RouteRun[Answered], *, answer: Answered | None = SAME, percent: int = 0
) -> Pair:
    rollout = Rollout(percent, "salt", "running", 0.0, 0.0)
    return Pair(record, answer, "agno", run, GRACEFUL, DEADLINE_MS, rollout, "ann", 10_000)


async def held(shadows: Shadows, *pairs: Pair, for_s: float = 60.0) -> None:
    """Hold these runs for some time and then stop."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(shadows.background.run)
        await anyio.lowlevel.checkpoint()
        for one in pairs:
            shadows.begin(one)
        await anyio.sleep(for_s)
        tasks.cancel_scope.cancel()


def counted(arms: Arms, store: Store, percent: int) -> dict[Route, tuple[int, dict[str, int]]]:
    store.tallies.save("arm", "this", arms.unsaved("arm"))
    stage = stage_of(load_arms(store.tallies, NAME, "salt"), percent)
    return {route: (arm.calls, arm.errors_by_kind) for route, arm in stage.items()}


def noted(log: DecisionLog) -> dict[str, Any] | None:
    record = log.newest("id")
    return None if record is None else record.content["outcome"]["shadow"]


def test_the_sample_is_the_share_it_is_said_to_be_and_the_same_each_time() -> None:
    ids = [f"{number:019x}" for number in range(4_000)]
    assert not any(sampled(one, 0) for one in ids)
    assert all(sampled(one, 100) for one in ids)
    third = [one for one in ids if sampled(one, 30)]
    assert 0.27 < len(third) / len(ids) < 0.33
    assert third == [one for one in ids if sampled(one, 30)]
    assert set(third) < {one for one in ids if sampled(one, 60)}


def test_the_record_says_how_the_other_route_did(log: DecisionLog, in_virtual_time: InVirtualTime) -> None:
    in_virtual_time(held(Shadows(log, Arms()), pair(decided(), that(ANSWER))))
    assert noted(log) == {
        "route": "agno",
        "latency_ms": pytest.approx(1_000, abs=1),
        "error": None,
        "agreement": "agree",
        "same": 1,
        "differing": [],
    }


def test_at_0_percent_both_runs_of_a_pair_count_at_every_stage(
    log: DecisionLog, store: Store, in_virtual_time: InVirtualTime
) -> None:
    arms = Arms()
    in_virtual_time(held(Shadows(log, arms), pair(decided(), that(ANSWER))))
    assert [counted(arms, store, percent) for percent in (0, 10)] == [{"agno": (1, {}), "downstream": (1, {})}] * 2


def test_a_drawn_call_counts_once_for_its_arm_and_the_run_beside_it_for_the_other(
    log: DecisionLog, store: Store, in_virtual_time: InVirtualTime
) -> None:
    arms = Arms()
    in_virtual_time(held(Shadows(log, arms), pair(decided("downstream"), that(ANSWER), percent=10)))
    assert counted(arms, store, 10) == {"agno": (1, {}), "downstream": (0, {})}


def test_a_call_whose_own_route_failed_makes_a_pair_too(
    log: DecisionLog, store: Store, in_virtual_time: InVirtualTime
) -> None:
    arms = Arms()
    in_virtual_time(held(Shadows(log, arms), pair(decided(error="source"), that(ANSWER), answer=None)))
    assert counted(arms, store, 0) == {"agno": (1, {}), "downstream": (1, {"source": 1})}
    assert (noted(log) or {})["agreement"] == "one_failed"


@pytest.mark.parametrize(
    ("error", "kind", "agno"),
    [
        (SourceFailed("no"), "source", (1, {"source": 1})),
        (NotFound("no such call"), "not_found", (0, {})),
    ],
)
def test_a_failure_counts_for_its_route_unless_it_is_the_callers(
    log: DecisionLog, store: Store, in_virtual_time: InVirtualTime, error: SophiaError, kind: str, agno: Any
) -> None:
    arms = Arms()
    in_virtual_time(held(Shadows(log, arms), pair(decided(), that(error))))
    assert counted(arms, store, 0) == {"agno": agno, "downstream": (1, {})}
    assert (noted(log) or {})["error"] == kind


def test_a_run_ends_at_the_deadline_of_the_tool(
    log: DecisionLog, store: Store, in_virtual_time: InVirtualTime
) -> None:
    arms = Arms()
    in_virtual_time(held(Shadows(log, arms), pair(decided(), that(ANSWER, after_s=3_600)), for_s=30))
    assert (noted(log) or {})["error"] == "deadline"
    assert counted(arms, store, 0)["agno"] == (1, {"deadline": 1})


def test_one_that_finds_no_place_is_left_out_and_counted(log: DecisionLog, in_virtual_time: InVirtualTime) -> None:
    shadows = Shadows(log, Arms(), at_once=2)
    in_virtual_time(held(shadows, *[pair(decided(), that(ANSWER)) for _ in range(5)]))
    card = shadows.card()
    assert (card["ended"], card["under_way"]) == (2, 0)
    assert card["left_out"] == {"as many run as may at once": 3}


def test_a_call_that_was_answered_by_another_calls_run_makes_no_pair(
    log: DecisionLog, in_virtual_time: InVirtualTime
) -> None:
    shadows = Shadows(log, Arms())
    in_virtual_time(held(shadows, pair(decided(borrowed=True), that(ANSWER))))
    assert shadows.card()["ended"] == 0
    assert log.newest("id") is None


def test_whatever_is_under_way_is_cancelled_when_the_program_stops(
    log: DecisionLog, store: Store, in_virtual_time: InVirtualTime
) -> None:
    arms = Arms()
    shadows = Shadows(log, arms)
    in_virtual_time(held(shadows, pair(decided(), that(ANSWER)), for_s=0.5))
    shadows.begin(pair(decided(), that(ANSWER)))  # nor does one begin after that
    assert shadows.card()["under_way"] == 0
    assert log.newest("id") is None
    assert counted(arms, store, 0) == {"agno": (0, {}), "downstream": (0, {})}


def test_it_leaves_half_of_a_servers_places_to_callers_and_changes_no_breaker(
    log: DecisionLog, in_virtual_time: InVirtualTime
) -> None:
    guards = Guards({"gong": 2}, clock=lambda: 0.0)
    guard = guards.of(NAME, "downstream", "gong")
    shadows, arms = Shadows(log, Arms()), Arms()

    def beside(answer: Answered | SophiaError) -> Pair:
        run = that(answer)
        return pair(decided(), RouteRun(run.run, repeatable=True, attempts=3, guard=Beside(guard)))

    in_virtual_time(held(shadows, beside(ANSWER), beside(ANSWER)))
    assert shadows.card()["ended"] == 1
    assert sum(shadows.card()["left_out"].values()) == 1
    assert (
        guards.health()["servers"]["gong"]["retries_left"] == RESERVE
    )  # who finds no place does not ask for it again
    for _ in range(10):
        in_virtual_time(held(Shadows(log, arms), beside(SourceFailed("broken"))))
    assert guard.fault() is None
    assert guards.health()["servers"]["gong"]["calls_now"] == 0
