"""One Agno run in a task of its own, with a deadline that cuts.

Agno's own cancellation waits for the next step, so a model call that hangs would hang the caller. Here the run's task
is cancelled, which interrupts whatever it waits for; the caller goes on at the deadline even if the run does not let
go. When the caller is cancelled, so is the run.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from typing import TypeVar

from agents.models.meter import Meter, current

__all__ = ["Cut", "supervise"]

log = logging.getLogger("sophia.agents")

ResultT = TypeVar("ResultT")

LETTING_GO_S = 0.2
"""How long a cancelled run may take to let go before the caller goes on without it."""


class Cut(Exception):
    """The run was cut at its deadline."""


async def supervise(run: Callable[[], Awaitable[ResultT]], meter: Meter, deadline_ms: int) -> ResultT:
    """The result of a run whose model calls count on `meter`. Raises Cut at the deadline, else what the run raises."""

    async def ours() -> ResultT:
        return await run()

    context = copy_context()
    context.run(current.set, meter)
    task = asyncio.get_running_loop().create_task(ours(), context=context)
    try:
        await asyncio.wait({task}, timeout=deadline_ms / 1000)
    finally:
        late = not task.done()
        if late:
            task.cancel()
            task.add_done_callback(seen)
            await asyncio.wait({task}, timeout=LETTING_GO_S)
    if late:
        raise Cut
    return task.result()


def seen(task: "asyncio.Task[ResultT]") -> None:
    """Whatever a cut run still raises is nobody's any more."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.info("a cut run ended with %s", type(error).__name__)
