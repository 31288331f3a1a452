"""How many runs may be at work at the same time, found by watching how long they take. Pure: measurements in, a limit out.

The gradient of Envoy's adaptive concurrency filter and of Netflix's concurrency-limits, on slowness instead of
milliseconds. Each kind of run has a baseline: what it takes while hardly anything else runs. A run's slowness is its
time over its baseline, so that agents and teams can be read together. After each window of runs

    gradient = (1 + BUFFER) / slowness        between HALF and 1 + BUFFER; slowness is the geometric mean of the window
    limit    = gradient * limit + HEADROOM    between the bounds

so the limit grows while runs take no longer than they do alone, and settles where one more only makes the others
slower. At first it doubles (slow start), until a window is slow; it does not grow while less than half of it is used.
Memory over its bound halves it. A run that is cut at its deadline counts as one that took that long.

The baseline is learned from runs that had no more than the lowest limit at work beside them. Under a load that never
pauses there are none, so after `PROBE_EVERY_S` without one the limit goes to the lowest for a few runs.
"""

import math
from dataclasses import dataclass

__all__ = ["Bounds", "Gradient", "Ran"]

WINDOW_RUNS = 30
BUFFER = 0.1
"""Runs may be this much slower before the limit shrinks: less is noise."""
HEADROOM = 1
HALF = 0.5
PROBE_EVERY_S = 60.0
PROBE_RUNS = 10
BASELINE_WEIGHT = 0.05
"""Of the newest run in the baseline, once there are as many as it takes to weigh this much."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between what the limit stays, and the memory of this process over which it shrinks."""

    lowest: int
    highest: int
    memory_mb: float


@dataclass(frozen=True, slots=True)
class Ran:
    """A run that ended: how long it took, the most runs at work at its begin and end, itself included, and the memory
    of the process then. `late`: it was cut at its deadline. `kind` is one of few, such as the id of an agent."""

    kind: str
    latency_ms: float
    at_work: int
    memory_mb: float
    at_s: float
    late: bool = False


@dataclass(slots=True)
class _Baseline:
    log_ms: float = 0.0
    runs: int = 0

    def learn(self, log_ms: float) -> None:
        self.runs += 1
        self.log_ms += max(1 / self.runs, BASELINE_WEIGHT) * (log_ms - self.log_ms)


class Gradient:
    """The limit, and what it was learned from. `said` is why it stands where it does."""

    def __init__(self, bounds: Bounds) -> None:
        self.said = "nothing was measured yet"
        self._bounds = bounds
        self._wanted = float(bounds.lowest)
        self._starting = True
        self._baselines: dict[str, _Baseline] = {}
        self._alone_at_s: float | None = None
        self._probes_left = 0
        self._slowness_logs: list[float] = []
        self._most_at_work = 0

    @property
    def limit(self) -> int:
        """How many runs may be at work now."""
        return self._bounds.lowest if self._probes_left else int(self._wanted)

    def bind(self, bounds: Bounds) -> None:
        """Go on between other bounds."""
        self._bounds = bounds
        self._wanted = self._within(self._wanted)

    def saw(self, ran: Ran) -> None:
        """Learn from a run that ended."""
        log_ms = math.log(max(ran.latency_ms, 0.001))
        probing = self._probes_left > 0
        self._watch_alone(ran, log_ms)
        baseline = self._baselines.get(ran.kind)
        if probing or baseline is None:  # what runs take during a probe says nothing about the limit
            return
        self._slowness_logs.append(log_ms - baseline.log_ms)
        self._most_at_work = max(self._most_at_work, ran.at_work)
        if len(self._slowness_logs) == WINDOW_RUNS:
            self._follow(math.exp(sum(self._slowness_logs) / WINDOW_RUNS), ran.memory_mb)
            self._slowness_logs.clear()
            self._most_at_work = 0

    def _watch_alone(self, ran: Ran, log_ms: float) -> None:
        if ran.at_work <= self._bounds.lowest:
            self._alone_at_s = ran.at_s
            self._probes_left = max(0, self._probes_left - 1)
            if not ran.late:
                self._baselines.setdefault(ran.kind, _Baseline()).learn(log_ms)
        elif self._alone_at_s is None:
            self._alone_at_s = ran.at_s
        elif ran.at_s - self._alone_at_s >= PROBE_EVERY_S and not self._probes_left:
            self._probes_left = PROBE_RUNS

    def _follow(self, slowness: float, memory_mb: float) -> None:
        if memory_mb > self._bounds.memory_mb:
            self.said = f"this process takes {memory_mb:.0f} MB, over its {self._bounds.memory_mb:.0f} MB"
            self._starting = False
            self._wanted = self._within(self._wanted * HALF)
            return
        self.said = f"runs take {slowness:.2f} times as long as alone"
        gradient = min(1 + BUFFER, max(HALF, (1 + BUFFER) / slowness))
        self._starting &= gradient >= 1
        wanted = self._wanted * (2.0 if self._starting else gradient) + HEADROOM
        if wanted < self._wanted or self._most_at_work >= self._wanted * HALF:
            self._wanted = self._within(wanted)

    def _within(self, wanted: float) -> float:
        return float(min(max(wanted, self._bounds.lowest), self._bounds.highest))
