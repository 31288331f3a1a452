"""How much memory runs and servers take, as far as this system tells.

A run of an agent has no memory of its own in this process, so it is measured as a slope: how much the process grows for
each run that is at work, over the samples of the last minutes. Growth over time, such as of caches, is told apart from
it. A server that is started as a child takes what its process and its descendants have resident; of a remote server
nothing is known. Linux says all this in /proc. Elsewhere it is unknown, and what is unknown is never gated.
"""

import os
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Growth", "children_rss", "rss_of"]

PROC = Path("/proc")
SAMPLES = 120
FEWEST_AT_WORK = 10
"""Samples with a run at work, below which no slope is given."""


def rss_of(pid: int, proc: Path = PROC) -> int | None:
    """The resident bytes of a process; None where the system does not say."""
    try:
        return int((proc / str(pid) / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError, AttributeError):
        return None


def children_rss(logs: Mapping[str, Path], proc: Path = PROC) -> Mapping[str, int]:
    """The resident bytes of each server that is a child of this process, its own children included.

    `logs` is where each server's errors go: the one thing that says which child is whose.
    """
    parents = _parents(proc)
    by_log = {os.path.realpath(log): name for name, log in logs.items()}
    held: dict[str, int] = {}
    for pid in (pid for pid, parent in parents.items() if parent == os.getpid()):
        try:
            name = by_log.get(os.path.realpath(proc / str(pid) / "fd" / "2"))
        except OSError:  # it has ended
            continue
        if name is not None:
            family = [rss_of(one, proc) for one in _descendants(pid, parents)]
            held[name] = held.get(name, 0) + sum(rss or 0 for rss in family)
    return held


def _parents(proc: Path) -> Mapping[int, int]:
    """Each process with its parent."""
    parents: dict[int, int] = {}
    try:
        pids = [int(entry.name) for entry in proc.iterdir() if entry.name.isdecimal()]
    except OSError:
        return parents
    for pid in pids:
        try:
            # The command stands in brackets and may hold anything; state and parent follow the last of them.
            parents[pid] = int((proc / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):  # it has ended
            continue
    return parents


def _descendants(pid: int, parents: Mapping[int, int]) -> list[int]:
    family = [pid]
    for one in family:
        family += [child for child, parent in parents.items() if parent == one]
    return family


@dataclass(slots=True)
class Growth:
    """The resident memory of this process against the number of runs at work, over the last samples."""

    rss: Callable[[], int | None] = lambda: rss_of(os.getpid())
    _samples: deque[tuple[float, int, int]] = field(
        default_factory=lambda: deque[tuple[float, int, int]](maxlen=SAMPLES)
    )

    def sample(self, at_s: float, runs: int) -> None:
        """Note how things stand."""
        if (rss := self.rss()) is not None:
            self._samples.append((at_s, runs, rss))

    def per_run_bytes(self) -> float | None:
        """How much the process grows with each run at work.

        The least-squares slope of memory over runs, with time as second variable. None with too few samples at work,
        or where the slope is not positive: what freed memory is reused for cannot be told from what a run takes.
        """
        if sum(runs > 0 for _, runs, _ in self._samples) < FEWEST_AT_WORK:
            return None
        n = len(self._samples)
        mean_t, mean_r, mean_m = (sum(column) / n for column in zip(*self._samples, strict=True))
        centred = [(t - mean_t, r - mean_r, m - mean_m) for t, r, m in self._samples]
        tt, rr, tr = (
            sum(t * t for t, _, _ in centred),
            sum(r * r for _, r, _ in centred),
            sum(t * r for t, r, _ in centred),
        )
        tm, rm = sum(t * m for t, _, m in centred), sum(r * m for _, r, m in centred)
        determinant = tt * rr - tr * tr
        if determinant <= 1e-9 * tt * rr or not rr:  # the runs do not vary, or only as time does
            return None
        slope = (rm * tt - tm * tr) / determinant
        return slope if slope > 0 else None
