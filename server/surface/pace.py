"""How often a client is told of progress: in full as a rule, thinned out when a server floods.

A server may send thousands of notifications in a second; each would cost the client a message and this process the
time for it. A burst passes untouched; after it, what exceeds a steady rate is left out. The next one says more anyway.
"""

import time
from collections.abc import Callable

__all__ = ["Pace"]

BURST = 100
PER_S = 20.0


class Pace:
    """One call's allowance: `BURST` at once, refilled at `PER_S` a second."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._left = float(BURST)
        self._at = now()

    def allows(self) -> bool:
        """Whether one more may go out now."""
        at = self._now()
        self._left = min(BURST, self._left + (at - self._at) * PER_S)
        self._at = at
        if self._left < 1:
            return False
        self._left -= 1
        return True
