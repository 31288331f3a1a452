"""Cold start over stdio: from spawning the server to its first `tools/list` and to its first tool result.

Each round starts every case once, in an order that turns with the rounds: Sophia for the first time ever (an empty
state directory), Sophia as it starts every later time, each once for a call of an agent and once for a proxied one, and
the bare SDK server. A start of Sophia and one of the bare server go before and do not count: they leave bytecode and
state behind.
"""

import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

from benchmarks.figures import Figure, Measured, Report, median, program, progress
from benchmarks.processes import BARE_SDK, sophia
from benchmarks.questions import AGENT, DATA, ECHO, PROXIED, Question
from benchmarks.stdio_client import started

__all__ = ["main"]

ABOUT = "Cold start over stdio, from spawn to first answers"


class Command(Protocol):
    """What to spawn, ready for the length of the block."""

    def __call__(self) -> AbstractContextManager[Sequence[str]]: ...


@dataclass(frozen=True, slots=True)
class Case:
    """One way to start, asked one thing, and the milliseconds it took each time."""

    which: str
    command: Command
    question: Question
    listed_ms: list[float] = field(default_factory=list[float])
    result_ms: list[float] = field(default_factory=list[float])

    def start(self) -> tuple[float, float]:
        """Start once; how long after the spawn the list and the result were there."""
        with self.command() as command, started(command) as client:
            client.initialize()
            client.list_tools()
            listed_ms = client.since_spawn_ms
            client.call(self.question.tool, self.question.arguments)
            return listed_ms, client.since_spawn_ms

    def result(self) -> Measured:
        """Spawn to first tool result."""
        return median(f"{self.which}, to first result of {self.question.what}", self.result_ms, "ms")


def main() -> int:
    """Run the program."""
    return program("cold_start", ABOUT, 10, "rounds; each starts every case once", measure)


def measure(rounds: int) -> Report:
    """The medians over the rounds, and Sophia beside the bare server."""
    with tempfile.TemporaryDirectory(prefix="sophia-benchmark-") as state:
        later = partial(_later, Path(state))
        bare, known = Case("bare SDK server", _bare, ECHO), Case("later start", later, AGENT)
        cases = [
            bare,
            Case("first start ever", _first, AGENT),
            known,
            Case("first start ever", _first, PROXIED),
            Case("later start", later, PROXIED),
        ]
        for case in (bare, known):
            case.start()
        for number in range(rounds):
            progress(f"round {number + 1} of {rounds}")
            turned = number % len(cases)
            for case in cases[turned:] + cases[:turned]:
                listed_ms, result_ms = case.start()
                case.listed_ms.append(listed_ms)
                case.result_ms.append(result_ms)
    return Report(DATA, tuple(_figures(cases, bare)))


def _figures(cases: Sequence[Case], bare: Case) -> Generator[Figure, None, None]:
    floor = median(f"{bare.which}, to tools/list", bare.listed_ms, "ms")
    for which in dict.fromkeys(case.which for case in cases if case is not bare):
        listed_ms = [ms for case in cases if case.which == which for ms in case.listed_ms]
        yield Figure(median(f"{which}, to tools/list", listed_ms, "ms"), floor)
    for case in cases:
        if case is not bare:
            yield Figure(case.result(), bare.result())


@contextmanager
def _first() -> Generator[Sequence[str], None, None]:
    with tempfile.TemporaryDirectory(prefix="sophia-benchmark-") as empty:
        yield sophia(Path(empty))


def _later(state: Path) -> AbstractContextManager[Sequence[str]]:
    return nullcontext(sophia(state))


def _bare() -> AbstractContextManager[Sequence[str]]:
    return nullcontext(BARE_SDK)


if __name__ == "__main__":
    sys.exit(main())
