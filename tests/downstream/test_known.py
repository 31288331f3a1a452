"""What is known of the sources without asking: a source that hangs, fails or talks nonsense holds nobody up."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date

import anyio
import anyio.lowlevel
import pytest

from agents.sources import Call, CallScope, Names, SourceError, Sources, Table, Transcript
from server.downstream.adapters import known as known_module
from server.downstream.adapters.known import Known

DAY = date(2017, 12, 31)
NAMES = Names(accounts=("Initech",))


@dataclass
class Calls:
    """A call source that answers, raises what it is given, or never answers."""

    error: Exception | None = None
    hangs: bool = False
    asked: int = 0

    async def as_of(self) -> date:
        return DAY

    async def names(self) -> Names:
        self.asked += 1
        if self.hangs:
            await anyio.sleep_forever()
        if self.error is not None:
            raise self.error
        return NAMES

    async def find(self, scope: CallScope) -> Sequence[Call]:
        return ()

    async def transcript(self, call_id: str) -> Transcript | None:
        return None


class Warehouse:
    async def as_of(self) -> date:
        return DAY

    async def query(self, sql: str) -> Table:
        return Table(("kind", "name"), (("product", "GTX Pro"),))


@asynccontextmanager
async def running(known: Known) -> AsyncGenerator[Known]:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(known.run)
        yield known
        tasks.cancel_scope.cancel()


async def test_the_first_look_waits_for_the_names() -> None:
    async with running(Known(lambda: Sources(calls=Calls(), warehouse=Warehouse()))) as known:
        facts = await known.look()
    assert (facts.names, facts.calls_as_of, facts.warehouse_as_of) == (NAMES, DAY, DAY)
    assert facts.vocabulary == {"product": ("GTX Pro",)}


async def test_a_source_that_never_answers_costs_one_short_wait_and_not_the_other_source(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(known_module, "WAIT_S", 0.05)
    async with running(Known(lambda: Sources(calls=Calls(hangs=True), warehouse=Warehouse()))) as known:
        with anyio.fail_after(1):
            facts = await known.look()
        monkeypatch.setattr(known_module, "WAIT_S", 60.0)
        with anyio.fail_after(1):
            await known.look()
    assert facts.warehouse_as_of == DAY
    assert facts.names == Names()


@pytest.mark.parametrize("error", [SourceError("unavailable", "Gong is away."), AttributeError("'str' has no 'get'")])
async def test_a_source_that_fails_is_not_asked_at_each_look(error: Exception) -> None:
    calls = Calls(error=error)
    async with running(Known(lambda: Sources(calls=calls))) as known:
        for _ in range(3):
            assert (await known.look()).names == Names()
            await anyio.lowlevel.checkpoint()
    assert calls.asked == 1


async def test_other_servers_behind_the_sources_are_asked_anew() -> None:
    calls = Calls()
    async with running(Known(lambda: Sources(calls=calls))) as known:
        await known.look()
        known.forget()
        assert known.facts.names == Names()
        assert (await known.look()).names == NAMES
    assert calls.asked == 2


async def test_a_source_that_never_ends_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_module, "ASK_S", 0.0)
    calls = Calls(hangs=True)
    async with running(Known(lambda: Sources(calls=calls))) as known:
        with anyio.fail_after(1):
            for _ in range(3):
                assert (await known.look()).names == Names()
                await anyio.lowlevel.checkpoint()
    assert calls.asked <= 1


async def test_a_slow_source_takes_nothing_away_from_the_others() -> None:
    asked, named = anyio.Event(), anyio.Event()

    class Named(Calls):
        async def as_of(self) -> date:
            await asked.wait()
            named.set()
            return DAY

    class Slow:
        async def as_of(self) -> date:
            asked.set()
            await named.wait()
            for _ in range(20):
                await anyio.lowlevel.checkpoint()
            return DAY

    sources = Sources(calls=Named(), messages=Slow())  # type: ignore[arg-type]
    async with running(Known(lambda: sources)) as known:
        facts = await known.look()
    assert (facts.names, facts.calls_as_of, facts.messages_as_of) == (NAMES, DAY, DAY)
