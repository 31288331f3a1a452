"""Identical calls that only read, in flight together or shortly after each other."""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from server.bridge.sharing import Key, Share, Sharing, Tell, Terms, key_of
from server.errors import DownstreamDown, SophiaError

KEY = key_of(1, "brief", "downstream", "ann", {"account": "Acme"})
FIT = Terms(0, lambda _: None)
Run = Callable[[Tell], Awaitable[str]]


class Downstream:
    """Answers when it is let; counts how often it was asked and how often it was cancelled."""

    def __init__(self) -> None:
        self.asked = 0
        self.cancelled = 0
        self.let = anyio.Event()
        self.failure: Exception | None = None

    async def __call__(self, tell: Tell) -> str:
        self.asked += 1
        await tell(1, "half")
        try:
            await self.let.wait()
        except BaseException:
            self.cancelled += 1
            raise
        if self.failure is not None:
            raise self.failure
        return f"answer {self.asked}"


@asynccontextmanager
async def sharing_of(now: Callable[[], float] = time.monotonic) -> AsyncGenerator[tuple[Sharing, TaskGroup]]:
    """A sharing at work, and a group of tasks that have ended when the block has."""
    sharing = Sharing(now)
    async with anyio.create_task_group() as holding:
        holding.start_soon(sharing.background.run)
        await settled()
        async with anyio.create_task_group() as tasks:
            yield sharing, tasks
        holding.cancel_scope.cancel()


async def silent(*_: Any) -> None:
    pass


async def settled() -> None:
    for _ in range(10):
        await checkpoint()


async def test_identical_calls_in_flight_are_one() -> None:
    downstream, answers, shares = Downstream(), list[str](), [Share() for _ in range(5)]
    async with sharing_of() as (sharing, tasks):

        async def ask(share: Share) -> None:
            answers.append(await sharing.take(KEY, downstream, silent, FIT, share))

        for share in shares:
            tasks.start_soon(ask, share)
        await settled()
        downstream.let.set()
    assert downstream.asked == 1
    assert answers == ["answer 1"] * 5
    assert [share.borrowed for share in shares] == [False, True, True, True, True]


@pytest.mark.parametrize(
    "other",
    [
        key_of(1, "brief", "downstream", "bob", {"account": "Acme"}),
        key_of(1, "brief", "agno", "ann", {"account": "Acme"}),
        key_of(1, "other", "downstream", "ann", {"account": "Acme"}),
        key_of(1, "brief", "downstream", "ann", {"account": "Bcme"}),
        key_of(2, "brief", "downstream", "ann", {"account": "Acme"}),
    ],
    ids=["rights", "route", "tool", "arguments", "policy"],
)
async def test_calls_that_differ_in_anything_are_two(other: Key) -> None:
    downstream = Downstream()
    async with sharing_of() as (sharing, tasks):
        for key in (KEY, other):
            tasks.start_soon(sharing.take, key, downstream, silent, FIT, Share())
        await settled()
        assert downstream.asked == 2
        downstream.let.set()


def test_the_order_of_arguments_makes_no_difference() -> None:
    assert key_of(1, "a", "agno", "", {"x": 1, "y": {"b": 1, "a": 2}}) == key_of(
        1, "a", "agno", "", {"y": {"a": 2, "b": 1}, "x": 1}
    )


async def test_one_who_leaves_does_not_end_it_for_the_others_and_the_last_one_does() -> None:
    downstream = Downstream()
    async with sharing_of() as (sharing, tasks):
        scopes = [anyio.CancelScope() for _ in range(3)]

        async def ask(scope: anyio.CancelScope) -> None:
            with scope:
                await sharing.take(KEY, downstream, silent, FIT, Share())

        for scope in scopes:
            tasks.start_soon(ask, scope)
        await settled()
        for scope in scopes[:2]:
            scope.cancel()
            await settled()
            assert downstream.cancelled == 0
        scopes[2].cancel()
        await settled()
        assert downstream.cancelled == 1
        assert not sharing.flies(KEY)


async def test_the_first_who_asked_may_leave_and_the_second_is_answered() -> None:
    downstream, answers = Downstream(), list[str]()
    async with sharing_of() as (sharing, tasks):
        first = anyio.CancelScope()

        async def ask(scope: anyio.CancelScope) -> None:
            with scope:
                answers.append(await sharing.take(KEY, downstream, silent, FIT, Share()))

        tasks.start_soon(ask, first)
        await settled()
        tasks.start_soon(ask, anyio.CancelScope())
        await settled()
        first.cancel()
        await settled()
        downstream.let.set()
    assert answers == ["answer 1"]
    assert downstream.asked == 1


async def test_progress_goes_to_all_who_wait_even_if_telling_one_fails() -> None:
    told: list[str] = []
    go_on = anyio.Event()

    async def run(tell: Tell) -> str:
        await go_on.wait()
        await tell("half")
        return "done"

    async def gone(*_: Any) -> None:
        raise anyio.ClosedResourceError

    async def hears(message: str) -> None:
        told.append(message)

    async with sharing_of() as (sharing, tasks):
        for tell in (gone, hears, hears):
            tasks.start_soon(sharing.take, KEY, run, tell, FIT, Share())
        await settled()
        go_on.set()
    assert told == ["half", "half"]


async def test_a_failure_is_everybodys_and_the_next_call_asks_again() -> None:
    downstream, failures = Downstream(), list[SophiaError]()
    downstream.failure = DownstreamDown("away")
    async with sharing_of() as (sharing, tasks):

        async def ask() -> None:
            try:
                await sharing.take(KEY, downstream, silent, Terms(60, len), Share())
            except SophiaError as error:
                failures.append(error)

        for _ in range(3):
            tasks.start_soon(ask)
        await settled()
        downstream.let.set()
        await settled()
        assert [failure.message for failure in failures] == ["away"] * 3
        downstream.failure = None
        assert await sharing.take(KEY, downstream, silent, Terms(60, len), Share()) == "answer 2"


async def test_an_answer_for_one_is_not_given_to_the_others() -> None:
    downstream, answers = Downstream(), list[str]()
    personal = Terms(60, lambda _: None, common=lambda _: False)
    async with sharing_of() as (sharing, tasks):

        async def ask() -> None:
            answers.append(await sharing.take(KEY, downstream, silent, personal, Share()))

        for _ in range(2):
            tasks.start_soon(ask)
        await settled()
        downstream.let.set()
    assert sorted(answers) == ["answer 1", "answer 2"]


class Clock:
    at_s = 0.0

    def __call__(self) -> float:
        return self.at_s


async def test_an_answer_is_given_again_for_as_long_as_the_terms_say_with_its_age() -> None:
    downstream, clock = Downstream(), Clock()
    downstream.let.set()
    async with sharing_of(clock) as (sharing, _):
        terms = Terms(10, len)
        ages: list[float | None] = []
        for clock.at_s in (0.0, 4.0, 9.9, 10.0):
            share = Share()
            await sharing.take(KEY, downstream, silent, terms, share)
            ages.append(share.age_s)
    assert ages == [None, 4.0, 9.9, None]
    assert downstream.asked == 2


async def test_nothing_is_kept_by_default_nor_what_has_no_size() -> None:
    downstream = Downstream()
    downstream.let.set()
    async with sharing_of() as (sharing, _):
        for terms in (Terms(0, len), Terms(60, lambda _: None)):
            for _ in range(2):
                await sharing.take(KEY, downstream, silent, terms, Share())
    assert downstream.asked == 4


async def test_a_policy_change_empties_the_cache() -> None:
    downstream = Downstream()
    downstream.let.set()
    old, new = (key_of(version, "brief", "downstream", "ann", {}) for version in (1, 2))
    async with sharing_of() as (sharing, _):
        terms = Terms(60, len)
        for key in (old, new, old):
            await sharing.take(key, downstream, silent, terms, Share())
    assert downstream.asked == 3


async def test_what_is_kept_is_bounded_in_number_and_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    from server.bridge import sharing as module

    monkeypatch.setattr(module, "MOST", 2)
    monkeypatch.setattr(module, "MOST_BYTES", 100)
    downstream = Downstream()
    downstream.let.set()
    keys = [key_of(1, "brief", "downstream", "ann", {"n": n}) for n in range(3)]
    async with sharing_of() as (sharing, _):
        for key in keys:
            await sharing.take(key, downstream, silent, Terms(60, lambda _: 1), Share())
        assert [sharing.flies(key) for key in keys] == [False, True, True]
        await sharing.take(keys[0], downstream, silent, Terms(60, lambda _: 100), Share())
        assert [sharing.flies(key) for key in keys] == [True, False, False]
        await sharing.take(keys[1], downstream, silent, Terms(60, lambda _: 101), Share())
        assert [sharing.flies(key) for key in keys] == [True, False, False]
