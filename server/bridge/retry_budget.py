"""A budget of repeats: a server that is dying is not finished off by everybody who tries again.

The rule is Finagle's `RetryBudget`, which Envoy's `retry_budget` shares: repeats are at most 20 % of the calls of the
last 10 seconds, and a small reserve beside it, without which a server that is rarely called would never be tried twice.
Finagle's reserve is 10 a second, for services with many callers; ours is one a second.

No clock in here: whoever asks says what time it is, in seconds that never go back.
"""

from collections import deque

__all__ = ["RetryBudget"]

WINDOW_S = 10
SHARE = 0.2
RESERVE = 10
"""Repeats in a window that are allowed whatever the number of calls."""


class RetryBudget:
    """The budget of one server. Calls and repeats are counted by the second, so memory is bounded."""

    def __init__(self) -> None:
        self._seconds: deque[tuple[int, int, int]] = deque()

    def called(self, now: float) -> None:
        """A call is made for the first time."""
        self._count(now, calls=1)

    def left(self, now: float) -> int:
        """How many repeats are left at this time."""
        self._forget(now)
        calls = sum(calls for _, calls, _ in self._seconds)
        repeats = sum(repeats for _, _, repeats in self._seconds)
        return max(0, RESERVE + int(SHARE * calls) - repeats)

    def take(self, now: float) -> bool:
        """Take one repeat out of the budget; False where it is empty."""
        if not self.left(now):
            return False
        self._count(now, repeats=1)
        return True

    def _count(self, now: float, calls: int = 0, repeats: int = 0) -> None:
        self._forget(now)
        second = int(now)
        if self._seconds and self._seconds[-1][0] == second:
            _, had_calls, had_repeats = self._seconds.pop()
            calls, repeats = calls + had_calls, repeats + had_repeats
        self._seconds.append((second, calls, repeats))

    def _forget(self, now: float) -> None:
        while self._seconds and self._seconds[0][0] <= int(now) - WINDOW_S:
            self._seconds.popleft()
