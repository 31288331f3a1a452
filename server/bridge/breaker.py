"""A circuit breaker: after enough failures nobody is sent to what is sick, but for one call at a time that tries it.

    closed --- enough of the last calls failed ---> open --- its time is over ---> half-open
      ^                                              ^                                 |
      |                                              +---------- the probe failed -----+
      +--------------------------------------------- the probe was answered -----------+

The rule is that of the usual libraries: a share of failures over a sliding window, counted only from a minimum of calls
on (Resilience4j `failureRateThreshold` 50 %, `slidingWindowSize`, `minimumNumberOfCalls`; Polly `FailureRatio`,
`SamplingDuration`, `MinimumThroughput`), and a single probe that decides (Polly: the first call after the break closes
the circuit or breaks it again). Ours are smaller windows, since a team makes a few calls a minute where those expect
hundreds; and the open time starts short and doubles with each probe that fails (Polly's `BreakDurationGenerator`).

No clock in here: whoever asks says what time it is, in seconds that never go back. What counts as sick is decided
outside as well; a call that proves nothing either way is told as such and leaves no trace.
"""

from collections import deque
from dataclasses import dataclass
from typing import Literal

__all__ = ["Breaker", "BreakerRules", "BreakerState", "Permit", "Proof"]

BreakerState = Literal["closed", "open", "half_open"]
Proof = Literal["well", "sick", "nothing"]
"""What the end of a call says about whoever served it."""


@dataclass(frozen=True, slots=True)
class BreakerRules:
    """When it opens and for how long. The window is the last `window_calls`, as far as they are no older than
    `window_s`. A probe that has not ended after `longest_open_s` holds nobody else up any more."""

    failure_share: float = 0.5
    fewest_calls: int = 5
    window_calls: int = 20
    window_s: float = 60.0
    first_open_s: float = 1.0
    longest_open_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to make one call. `turn` tells what was sent before the breaker changed from what was sent after."""

    turn: int


class Breaker:
    """One breaker. Every method is told the time."""

    def __init__(self, rules: BreakerRules | None = None) -> None:
        self._rules = rules or BreakerRules()
        self._window: deque[tuple[float, bool]] = deque(maxlen=self._rules.window_calls)
        self._turn = 0
        self._open_until: float | None = None  # None while closed
        self._open_s = 0.0
        self._probe_until: float | None = None
        self.since_s: float | None = None
        """Since when it has been away from closed, probes that failed included."""
        self.tripped_by: str | None = None

    def state(self, now: float) -> BreakerState:
        """The state at this time."""
        if self._open_until is None:
            return "closed"
        return "open" if now < self._open_until else "half_open"

    def refuses(self, now: float) -> bool:
        """Whether a call would be refused now. Asking changes nothing."""
        match self.state(now):
            case "closed":
                return False
            case "open":
                return True
            case "half_open":
                return self._probe_until is not None and now < self._probe_until

    def retry_after_s(self, now: float) -> float:
        """How long until a call may be worth it; 0 where one may go now."""
        if not self.refuses(now):
            return 0.0
        return max((self._open_until or now) - now, self._rules.first_open_s)

    def enter(self, now: float) -> Permit | None:
        """Leave to call, to be given back with `leave`; None where it refuses."""
        if self.refuses(now):
            return None
        if self._open_until is not None:
            self._turn += 1  # the one probe; what was sent before no longer counts
            self._probe_until = now + self._rules.longest_open_s
        return Permit(self._turn)

    def leave(self, permit: Permit, proof: Proof, now: float, what: str = "") -> None:
        """Tell how a call ended; `what` says in words how it failed."""
        if permit.turn != self._turn:
            return
        if self._open_until is not None:
            self._probed(proof, now, what)
        elif proof != "nothing":
            self._window.append((now, proof == "sick"))
            if proof == "sick":
                self._judge(now, what)

    def _probed(self, proof: Proof, now: float, what: str) -> None:
        self._probe_until = None
        match proof:
            case "well":
                self._turn += 1
                self._window.clear()
                self._open_until = self.since_s = self.tripped_by = None
                self._open_s = 0.0
            case "sick":
                self._open(now, f"the call that tried it again failed ({what})")
            case "nothing":
                pass  # stays half-open; the next call is the probe

    def _judge(self, now: float, what: str) -> None:
        since = now - self._rules.window_s
        recent = [failed for at, failed in self._window if at >= since]
        failures = sum(recent)
        if len(recent) >= self._rules.fewest_calls and failures >= self._rules.failure_share * len(recent):
            self.since_s = now
            self._open(now, f"{failures} of its last {len(recent)} calls failed ({what})")

    def _open(self, now: float, why: str) -> None:
        rules = self._rules
        self._turn += 1
        self._open_s = min(self._open_s * 2, rules.longest_open_s) if self._open_s else rules.first_open_s
        self._open_until = now + self._open_s
        self.tripped_by = why
