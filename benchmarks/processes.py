"""Server processes under measurement: how they are started, what CPU and memory they and their children take.

They run as on a user's machine: without the `PYTHON*` and `SOPHIA_*` variables of whoever measures, so that bytecode
is cached and the packaged configuration holds. CPU is the kernel's own clock of a process, in nanoseconds; memory is
the resident set. Both are read the way Linux offers them.
"""

import ctypes
import os
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from benchmarks.figures import NoFigure

__all__ = [
    "BARE_SDK",
    "CHECKOUT",
    "GONG",
    "Served",
    "Usage",
    "as_a_user",
    "command",
    "resident_kib",
    "serving",
    "sophia",
    "usage",
]

BARE_SDK = (sys.executable, "-m", "benchmarks.peers.bare_sdk")
GONG = (sys.executable, "-m", "workspace.gong")
CHECKOUT = Path(__file__).parent.parent
SERVES = " serves http"
PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024


@dataclass(frozen=True, slots=True)
class Served:
    """A server that listens."""

    url: str
    pid: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process has used so far, alone and with its living children."""

    cpu_s: float
    cpu_with_children_s: float
    resident_kib: int
    resident_with_children_kib: int


def command(*words: str) -> tuple[str, ...]:
    """A command of Sophia's, as typed."""
    return (str(Path(sys.executable).with_name("sophia")), *words)


def sophia(state: Path, *options: str) -> tuple[str, ...]:
    """The command that a client's configuration holds."""
    return command("serve", "--state", str(state), *options)


def as_a_user() -> dict[str, str]:
    """This environment without what would change how Python or Sophia starts."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "SOPHIA_"))}


@contextmanager
def serving(command: Sequence[str]) -> Generator[Served, None, None]:
    """A server over HTTP for the length of the block; it says on standard error where it listens."""
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=as_a_user(), cwd=CHECKOUT) as process:
        said: list[str] = []
        assert process.stderr is not None
        for line in process.stderr:
            said.append(line)
            if SERVES in line:
                break
        else:
            raise NoFigure(f"{' '.join(command)} ended before it served:\n{''.join(said)}")
        Thread(target=process.stderr.read, daemon=True).start()  # a full pipe would stop the server
        try:
            yield Served(said[-1].split()[-1], process.pid)
        finally:
            process.terminate()


def usage(pid: int) -> Usage:
    """What the process has used until now."""
    own_s, own_kib = _cpu_s(pid), resident_kib(pid)
    children = _descendants(pid)
    return Usage(
        cpu_s=own_s,
        cpu_with_children_s=own_s + sum(_cpu_s(child) for child in children),
        resident_kib=own_kib,
        resident_with_children_kib=own_kib + sum(resident_kib(child) for child in children),
    )


def resident_kib(pid: int) -> int:
    """The resident set of one process."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * PAGE_KIB


def _cpu_s(pid: int) -> float:
    clock = ctypes.c_int()
    if ctypes.CDLL(None).clock_getcpuclockid(pid, ctypes.byref(clock)):
        raise NoFigure(f"process {pid} ended while it was measured")
    return time.clock_gettime(clock.value)


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text(encoding="ascii").split():
            found += [int(child), *_descendants(int(child))]
    return found
