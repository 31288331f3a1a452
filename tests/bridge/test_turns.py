"""Runs wait for their turn; how many have one is fixed, or follows what runs measure, and can change under way."""

import math
from collections.abc import Callable, Coroutine
from typing import Any

import anyio

from server.bridge.concurrency import Bounds
from server.bridge.turns import Turns, resident_mb

InVirtualTime = Callable[[Coroutine[Any, Any, Any]], Any]
BOUNDS = Bounds(lowest=2, highest=20, memory_mb=1_000)


async def most_at_once(turns: Turns, runs: int, *, takes_s: float = 0.05) -> int:
    """Let so many runs ask for a turn at once, and say how many had one at the same time."""
    at_work, most = 0, 0

    async def one() -> None:
        nonlocal at_work, most
        held = await turns.take(within_s=1e6)
        at_work += 1
        most = max(most, at_work)
        with turns.measured("agent") as ended:
            await anyio.sleep(takes_s)
            ended(False)
        at_work -= 1
        assert held is not None
        turns.give_back(held)

    async with anyio.create_task_group() as tasks:
        for _ in range(runs):
            tasks.start_soon(one)
    return most


def test_a_fixed_number_of_turns_stays_what_it_is(in_virtual_time: InVirtualTime) -> None:
    turns = Turns(4)
    assert in_virtual_time(most_at_once(turns, 1_000)) == 4
    assert turns.card() == {"limit": 4, "at_work": 0, "waiting": 0, "follows": None}


def test_nobody_waits_where_there_is_no_number(in_virtual_time: InVirtualTime) -> None:
    turns = Turns(math.inf)
    assert in_virtual_time(most_at_once(turns, 500)) == 500
    assert turns.card()["limit"] is None


def test_turns_that_follow_latency_grow_to_the_upper_bound_where_runs_do_not_hinder_each_other(
    in_virtual_time: InVirtualTime,
) -> None:
    turns = Turns(4, memory_mb=lambda: 100.0)
    turns.scale(BOUNDS)
    assert in_virtual_time(most_at_once(turns, 1_000)) == 20
    assert turns.card()["limit"] == 20
    assert turns.card()["follows"] == "runs take 1.00 times as long as alone"


def test_turns_do_not_grow_while_the_process_takes_more_memory_than_it_may(in_virtual_time: InVirtualTime) -> None:
    turns = Turns(4, memory_mb=lambda: 2_000.0)
    turns.scale(BOUNDS)
    assert in_virtual_time(most_at_once(turns, 1_000)) == 2
    assert turns.card()["follows"] == "this process takes 2000 MB, over its 1000 MB"


def test_switching_scaling_on_and_off_takes_hold_at_once(in_virtual_time: InVirtualTime) -> None:
    turns = Turns(4)
    turns.scale(BOUNDS)
    assert in_virtual_time(most_at_once(turns, 1_000)) == 20
    turns.scale(None)
    assert in_virtual_time(most_at_once(turns, 100)) == 4


def test_who_waits_too_long_gets_no_turn_and_takes_none_from_others(in_virtual_time: InVirtualTime) -> None:
    async def scenario() -> None:
        turns = Turns(1)
        first = await turns.take(within_s=1)
        assert first is not None
        assert await turns.take(within_s=1) is None
        turns.give_back(first)
        assert await turns.take(within_s=1) is not None

    in_virtual_time(scenario())


def test_the_memory_of_this_process_is_known() -> None:
    assert resident_mb() > 10
