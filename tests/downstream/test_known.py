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
    assert (facts.names, facts.as_of("calls"), facts.as_of("warehouse")) == (NAMES, DAY, DAY)
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
    assert facts.as_of("warehouse") == DAY
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
    assert (facts.names, facts.as_of("calls"), facts.as_of("messages")) == (NAMES, DAY, DAY)


async def test_servers_that_come_while_others_are_asked_keep_a_first_look_waiting_for_their_day() -> None:
    asked, comes = anyio.Event(), anyio.Event()

    class Late(Calls):
        async def names(self) -> Names:
            asked.set()
            await comes.wait()
            return NAMES

    sources = [Sources(calls=Late())]
    found: list[date | None] = []
    async with running(Known(lambda: sources[0])) as known, anyio.create_task_group() as tasks:

        async def look() -> None:
            found.append((await known.look()).as_of("warehouse"))

        tasks.start_soon(look)
        await asked.wait()
        sources[0] = Sources(calls=Calls(), warehouse=Warehouse())
        known.forget()
        comes.set()
    assert found == [DAY]


async def test_what_servers_say_that_are_asked_no_more_is_not_taken() -> None:
    asked = anyio.Event()

    class Former(Calls):
        async def names(self) -> Names:
            asked.set()
            await anyio.lowlevel.checkpoint()
            return Names(accounts=("Former",))

    sources = [Sources(calls=Former())]
    async with running(Known(lambda: sources[0])) as known:
        await asked.wait()
        sources[0] = Sources()
        known.forget()
        facts = await known.look()
    assert facts.names == Names()


async def test_a_day_is_waited_for_longer_than_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_module, "WAIT_S", 0.0)
    asked = anyio.Event()

    class Slow(Warehouse):
        async def as_of(self) -> date:
            await asked.wait()
            return DAY

    async with running(Known(lambda: Sources(calls=Calls(hangs=True), warehouse=Slow()))) as known:
        early = await known.look()
        asked.set()
        late = await known.look_for_day("warehouse")
    assert (early.as_of("warehouse"), early.may_change("warehouse")) == (None, True)
    assert (late.as_of("warehouse"), late.may_change("warehouse")) == (DAY, False)
    assert late.may_change("calls")


@pytest.mark.parametrize(
    ("error", "may_change"),
    [
        (SourceError("unavailable", "It is away."), True),
        (SourceError("refused", "It has no such tool."), False),
        (AttributeError("'str' has no 'get'"), False),
    ],
)
async def test_only_a_source_that_is_away_may_still_say_its_day(error: Exception, may_change: bool) -> None:
    async with running(Known(lambda: Sources(calls=Calls(error=error)))) as known:
        facts = await known.look_for_day("calls")
    assert (facts.as_of("calls"), facts.may_change("calls")) == (None, may_change)
    assert not facts.may_change("warehouse")
