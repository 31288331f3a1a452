"""The programs in benchmarks/ run and say what they promise to say; how fast anything is, no test judges."""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parent.parent.parent
PROGRAMS = ("agent_call", "auto_scaling", "cold_start", "construction", "decide", "library", "predictive", "routes")


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_benchmark_says_what_it_measured_beside_what_on_which_machine(
    program: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["--calls", "40"] if program == "library" else []
    monkeypatch.setattr(sys, "argv", [program, "--runs", "1", *more, "--json"])
    code = import_module(f"benchmarks.{program}").main()
    printed = capsys.readouterr()
    assert code == 0, printed.err
    report = json.loads(printed.out)
    assert report["benchmark"] == program
    assert report["about"]
    assert report["data"]
    assert report["command"] == " ".join([f".venv/bin/python -m benchmarks.{program} --runs 1", *more])
    assert {"measured_at", "cpu", "cpus", "load_1m", "python", "agno", "mcp", "sophia"} <= report["machine"].keys()
    assert report["figures"]
    for figure in report["figures"]:
        for side in (figure["measured"], figure["beside"]):
            assert {"what", "statistic", "value", "unit", "n"} == side.keys()
        assert figure["measured"]["n"] >= 1
        assert figure["measured"]["unit"] == figure["beside"]["unit"]
        if figure["beside"]["value"]:
            assert figure["ratio"] == pytest.approx(figure["measured"]["value"] / figure["beside"]["value"])


def test_a_benchmark_explains_itself_when_it_cannot_be_run_as_asked() -> None:
    command = [sys.executable, "-m", "benchmarks.decide", "--runs", "0"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=CHECKOUT, timeout=60)
    assert ran.returncode == 2
    assert "number above 0" in ran.stderr
