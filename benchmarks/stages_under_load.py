"""A tool that is moved while it is called: load on a live Sophia, and an operator's commands in processes of their own.

Callers hardly pause, so each command falls into calls under way. Every call belongs to one of many sessions, which is
what a rollout draws; sessions take turns, so each has about as many calls as any other at every stage. A stage is left
when enough calls were sent in it. Nothing is judged here: what was sent, what came back, and when, is noted.
"""

import json
import math
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import anyio
import mcp_types as t
from anyio import to_thread
from mcp import Client

from benchmarks.figures import NoFigure, progress
from benchmarks.processes import CHECKOUT, as_a_user, command
from benchmarks.questions import Question
from server.surface.answers import META_DECISION, META_FALLBACK, META_ROUTE

__all__ = ["Call", "Load", "Stage", "operated"]

PATIENCE_S = 60.0
"""A call without an answer by then has failed, whatever else would have come of it."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the run: the share of sessions that agno serves in it, and the command that begins it."""

    name: str
    percent: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """One call as its client saw it. `after` is the newest policy version whose command had returned when it was sent;
    `failure` says what came instead of an answer."""

    after: int
    session: str
    sent_s: float
    ended_s: float
    decision: str | None = None
    route: str | None = None
    fell_back: bool = False
    failure: str | None = None


@dataclass(slots=True)
class Load:
    """What the callers share, and what has become of their calls. `versions` are those that the stages began with."""

    question: Question
    sessions: Iterator[str]
    pause_s: float
    versions: list[int] = field(default_factory=list[int])
    calls: list[Call] = field(default_factory=list[Call])
    sent: int = 0
    over: bool = False
    ended: anyio.Event = field(default_factory=anyio.Event)

    async def caller(self, client: Client) -> None:
        """Call until it is over, one call after the other."""
        while not self.over:
            self.sent += 1
            self.calls.append(await self._called(client, next(self.sessions)))
            self.ended.set()
            self.ended = anyio.Event()
            await anyio.sleep(self.pause_s)

    async def until(self, sent: int) -> None:
        """Wait until so many calls were sent."""
        while self.sent < sent:
            await self.ended.wait()

    async def _called(self, client: Client, session: str) -> Call:
        after, sent_s = self.versions[-1], time.perf_counter()
        decision = route = failure = None
        fell_back = False
        try:
            with anyio.fail_after(PATIENCE_S):
                arguments = {**self.question.arguments, "session_id": session}
                result = await client.call_tool(self.question.tool, arguments)
        except TimeoutError:
            failure = f"no answer within {PATIENCE_S:g} s"
        except Exception as error:  # whatever a client may raise, its caller has no answer, and the others go on
            failure = f"{type(error).__name__}: {error}"
        else:
            meta = result.meta or {}
            decision, route, fell_back = meta.get(META_DECISION), meta.get(META_ROUTE), META_FALLBACK in meta
            failure = _text(result) if result.is_error else None
        return Call(after, session, sent_s, time.perf_counter(), decision, route, fell_back, failure)


async def operated(
    load: Load, url: str, where: Sequence[str], stages: Sequence[Stage], calls: int, callers: int
) -> None:
    """Go through the stages under load. At least `calls` are sent in all, as many in each stage.

    `where` are the words with which a command finds the state and the configuration of the server at `url`.
    """
    await _warmed(url, load.question)
    async with anyio.create_task_group() as tasks:
        for stage in stages:
            progress(f"{stage.name}: {load.sent:,} calls sent")
            load.versions.append(await to_thread.run_sync(_changed, stage.words, where))
            if len(load.versions) == 1:
                for _ in range(callers):
                    tasks.start_soon(_connected, url, load)
            await load.until(load.sent + math.ceil(calls / len(stages)))
        load.over = True


def _changed(words: Sequence[str], where: Sequence[str]) -> int:
    """Run an operator's command to its end; the policy version that it wrote."""
    ran = subprocess.run(
        command(*words, *where, "--json"), check=False, capture_output=True, text=True, env=as_a_user(), cwd=CHECKOUT
    )
    if ran.returncode:
        raise NoFigure(f"sophia {' '.join(words)} failed: {ran.stderr.strip()}")
    return int(json.loads(ran.stdout)["version"])


async def _warmed(url: str, question: Question) -> None:
    """Calls that do not count: whatever serves has been asked once, and what it loads on demand is loaded."""
    async with Client(url) as client:
        await client.list_tools()
        for route in ("agno", "downstream"):
            result = await client.call_tool(question.tool, dict(question.arguments), meta={META_ROUTE: route})
            if result.is_error:
                raise NoFigure(f"{question.tool} failed before it was moved: {_text(result)}")


async def _connected(url: str, load: Load) -> None:
    async with Client(url) as client:
        await load.caller(client)


def _text(result: t.CallToolResult) -> str:
    return " ".join(block.text for block in result.content if isinstance(block, t.TextContent))
