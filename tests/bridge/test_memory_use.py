"""How much memory runs and servers take, where the system tells."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from server.bridge.memory_use import Growth, children_rss, rss_of

MB = 2**20
PER_RUN = 5 * MB


def sampled(readings: list[tuple[int, int]]) -> Growth:
    growth = Growth(iter([rss for _, rss in readings]).__next__)
    for at, (runs, _) in enumerate(readings):
        growth.sample(at * 5.0, runs)
    return growth


def test_a_run_takes_what_the_process_grows_by_for_each_at_work() -> None:
    runs = [n % 7 for n in range(60)]
    assert sampled([(n, 200 * MB + n * PER_RUN) for n in runs]).per_run_bytes() == pytest.approx(PER_RUN)


def test_what_grows_with_time_is_not_put_down_to_runs() -> None:
    readings = [(n % 7, 200 * MB + (n % 7) * PER_RUN + n * MB) for n in range(60)]
    assert sampled(readings).per_run_bytes() == pytest.approx(PER_RUN)


@pytest.mark.parametrize(
    "readings",
    [
        [],
        [(0, 200 * MB)] * 60,
        [(3, 200 * MB)] * 60,
        [(n % 2, 200 * MB) for n in range(12)],
        [(n, 200 * MB + n) for n in range(60)],
        [(n % 7, 400 * MB - (n % 7) * MB) for n in range(60)],
    ],
    ids=["none", "idle", "always the same", "too few", "grows as time does", "shrinks"],
)
def test_what_cannot_be_told_is_unknown(readings: list[tuple[int, int]]) -> None:
    assert sampled(readings).per_run_bytes() is None


def test_a_system_that_does_not_say_leaves_it_unknown(tmp_path: Path) -> None:
    assert rss_of(os.getpid(), tmp_path) is None
    assert children_rss({"gong": tmp_path / "gong.log"}, tmp_path / "none") == {}
    growth = Growth(lambda: None)
    for n in range(60):
        growth.sample(n, n % 7)
    assert growth.per_run_bytes() is None


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux says")
def test_a_child_is_known_by_where_its_errors_go_with_its_own_children(tmp_path: Path) -> None:
    log = tmp_path / "gong.log"
    code = "import subprocess, sys; print('up', flush=True); subprocess.run([sys.executable, '-c', 'input()'])"
    with log.open("w") as errors:
        child = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
        )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == b"up\n"
        held = children_rss({"gong": log, "slack": tmp_path / "slack.log"})
        assert held.keys() == {"gong"}
        assert held["gong"] >= (rss_of(child.pid) or 0) > MB
    finally:
        child.communicate(b"\n")
