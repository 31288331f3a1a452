"""Time that passes at once: a loop whose clock jumps to the next thing that is due."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest

T = TypeVar("T")


class _NoWaiting(selectors.DefaultSelector):
    """Never blocks; what it would have waited is added to the clock."""

    waited_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise AssertionError("nothing is due any more: the test would hang")
        self.waited_s += max(0.0, timeout)
        return super().select(0)


class _VirtualTimeLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._no_waiting = _NoWaiting()
        super().__init__(self._no_waiting)

    def time(self) -> float:
        return self._no_waiting.waited_s


InVirtualTime = Callable[[Coroutine[Any, Any, T]], T]


@pytest.fixture
def in_virtual_time() -> Callable[[Coroutine[Any, Any, T]], T]:
    """Run a coroutine to its end in a loop whose seconds take no time. No threads, no I/O."""

    def run(coroutine: Coroutine[Any, Any, T]) -> T:
        with asyncio.Runner(loop_factory=_VirtualTimeLoop) as runner:
            return runner.run(coroutine)

    return run
