"""Evidence outlives its process, and several processes have one."""

from pathlib import Path

import pytest

from server.bridge.evidence import FEWEST, Evidence
from server.bridge.tallied import Tallier
from server.errors import DownstreamDown
from server.state.store import open_store
from tests.bridge.kept_in_memory import Kept

DAY_S = 86_400


class Clock:
    now_s = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now_s


class Process:
    """One process with its evidence on a shared store."""

    def __init__(self, kept: Kept, clock: Clock) -> None:
        self.evidence = Evidence(clock)
        self.tallier = Tallier(kept, [self.evidence], clock)

    def serve(self, calls: int, latency_ms: float = 10, tool: str = "sales_coach") -> None:
        for _ in range(calls):
            self.evidence.called(tool)
            self.evidence.record(tool, "downstream", latency_ms, None)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kept(clock: Clock) -> Kept:
    return Kept(clock)


async def test_figures_survive_a_restart(kept: Kept, clock: Clock) -> None:
    before = Process(kept, clock)
    before.serve(50, 40)
    before.evidence.record("sales_coach", "downstream", 5, DownstreamDown("away"))
    before.evidence.spent("sales_coach", "agno", 3, 100, 20, 0.5, 250)
    await before.tallier.save()
    after = Process(kept, clock)
    await after.tallier.read()
    for route in ("agno", "downstream"):
        assert after.evidence.figures("sales_coach", route) == before.evidence.figures("sales_coach", route)
        long = after.evidence.figures("sales_coach", route, "long")
        assert long == before.evidence.figures("sales_coach", route, "long")
    assert after.evidence.windows() == before.evidence.windows()


async def test_figures_survive_a_restart_in_the_store_that_a_process_opens(tmp_path: Path) -> None:
    for served in (50, 30):
        with open_store(tmp_path) as store:
            evidence = Evidence()
            tallier = Tallier(store.tallies, [evidence])
            await tallier.read()
            for _ in range(served):
                evidence.called("sales_coach")
                evidence.record("sales_coach", "downstream", 40, None)
            await tallier.save()
    figures = evidence.figures("sales_coach", "downstream", "long")
    assert (figures.attempts, figures.p95_ms) == (80, pytest.approx(40, rel=0.01))


async def test_what_was_measured_of_a_server_decides_after_a_restart_too(kept: Kept, clock: Clock) -> None:
    before = Process(kept, clock)
    before.serve(FEWEST, 400)
    await before.tallier.save()
    clock.now_s += 2 * DAY_S
    after = Process(kept, clock)
    await after.tallier.read()
    assert after.evidence.downstream_p95_ms("sales_coach") == pytest.approx(400, rel=0.01)


async def test_two_processes_have_one_evidence(kept: Kept, clock: Clock) -> None:
    one, two = Process(kept, clock), Process(kept, clock)
    one.serve(60, 10)
    two.serve(50, 100)
    await one.tallier.save()
    await two.tallier.save()
    await one.tallier.read()
    figures = one.evidence.figures("sales_coach", "downstream")
    assert (figures.attempts, figures.calls_last_minute) == (110, 110)
    assert figures.p95_ms == pytest.approx(100, rel=0.01)
    one.serve(1)
    assert one.evidence.calls_last_minute("sales_coach") == 111
    assert one.evidence.busy("sales_coach"), "both processes' calls make a tool busy"


async def test_what_is_written_again_and_read_again_is_counted_once(kept: Kept, clock: Clock) -> None:
    one, two = Process(kept, clock), Process(kept, clock)
    for _ in range(3):
        one.serve(1)
        for process in (one, two):
            await process.tallier.save()
            await process.tallier.read()
    assert one.evidence.figures("sales_coach", "downstream").attempts == 3
    assert two.evidence.figures("sales_coach", "downstream").attempts == 3


async def test_only_what_changed_is_written(kept: Kept, clock: Clock) -> None:
    process = Process(kept, clock)
    process.serve(5, tool="a")
    process.serve(5, tool="b")
    await process.tallier.save()
    kept.rows.clear()
    process.serve(1, tool="b")
    await process.tallier.save()
    assert {name.split("/")[-1] for kind, name, _ in kept.rows if kind != "pace"} == {"b"}


async def test_a_full_disk_loses_nothing_that_is_written_later(kept: Kept, clock: Clock, caplog) -> None:
    process = Process(kept, clock)
    process.serve(5)
    kept.broken = True
    await process.tallier.save()
    kept.broken = False
    await process.tallier.save()
    other = Process(kept, clock)
    await other.tallier.read()
    assert other.evidence.figures("sales_coach", "downstream").attempts == 5
    assert "could not be written" in caplog.text


async def test_what_is_too_old_to_count_leaves_the_store(kept: Kept, clock: Clock) -> None:
    process = Process(kept, clock)
    process.serve(1)
    await process.tallier.save()
    clock.now_s += 2 * 3600
    await process.tallier.prune()
    assert {kind for kind, _, _ in kept.rows} == {"evidence_long"}
    clock.now_s += 9 * DAY_S
    await process.tallier.prune()
    assert not kept.rows


async def test_rows_that_make_no_sense_leave_what_is_known(kept: Kept, clock: Clock, caplog) -> None:
    one, two = Process(kept, clock), Process(kept, clock)
    one.serve(5)
    await one.tallier.save()
    await two.tallier.read()
    kept.save("evidence_hour", "newer", {"what/is/this": {"buckets": 1}})
    await two.tallier.read()
    assert two.evidence.figures("sales_coach", "downstream").attempts == 5
    assert "could not be read" in caplog.text
