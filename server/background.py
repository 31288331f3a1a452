"""Tasks that outlive whoever began them: one task of the composition root holds them, and they end with it."""

from collections.abc import Callable, Coroutine
from typing import Any

import anyio
from anyio.abc import TaskGroup

__all__ = ["Background"]


class Background:
    """Holds tasks while `run` does."""

    def __init__(self) -> None:
        self._tasks: TaskGroup | None = None

    async def run(self) -> None:
        """Hold them until cancelled."""
        try:
            async with anyio.create_task_group() as tasks:
                self._tasks = tasks
                await anyio.sleep_forever()
        finally:
            self._tasks = None

    @property
    def held(self) -> bool:
        """Whether a task that is begun now would run."""
        return self._tasks is not None

    def begin(self, work: Callable[..., Coroutine[Any, Any, object]], *args: Any, name: str | None = None) -> None:
        """Begin a task. Raises RuntimeError where none is held."""
        if self._tasks is None:
            raise RuntimeError("nobody holds this task: the program has not begun to serve, or is ending")
        self._tasks.start_soon(work, *args, name=name)
