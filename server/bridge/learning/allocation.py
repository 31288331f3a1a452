"""Predictive allocation in service: the learner of this process, taught by its own calls and by the decision log.

What a model would need to know of a call is kept with every decision of a tool that has two routes, whether the flag is
on or not, so that there is something to learn from when it is switched on. While it is on, the newest decisions of all
processes are learned from at the start and every `AGAIN_S`; that is also how a restart remembers.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from hashlib import blake2b
from time import time
from typing import Any

import anyio
from anyio import to_thread

from server.bridge.decide import share_of
from server.bridge.decision import Call, Learned, Live, Tool
from server.bridge.learning.context import Context
from server.bridge.learning.learner import Learner, learned_from
from server.bridge.policy import Policy
from server.bridge.score import score_terms
from server.state.decisions import DecisionRecord

__all__ = ["Allocation", "Learning"]

HOUR_S = 3_600
LOOK_EVERY_S = 5.0
AGAIN_S = 300.0
READ = 5_000
UNITS = 2**31
TARGET_MS = 500.0
"""Of a tool that has no target of its own."""

Learning = tuple[bool, Collection[str]]
"""Whether the flag is on, and the operator's `success_metrics`."""


class Allocation:
    """What was learned, for `decide`; `clock` gives seconds since 1970."""

    def __init__(
        self,
        settings: Callable[[], Learning],
        newest: Callable[[int], Sequence[DecisionRecord]],
        clock: Callable[[], float] = time,
    ) -> None:
        """`newest` gives so many decisions of the log, the newest first; it may block."""
        self._settings = settings
        self._newest = newest
        self._clock = clock
        self._learner: Learner | None = None
        self._before: Learning | None = None
        self._again_at_s = 0.0

    def context(self, call: Call, tool: Tool, live: Live) -> Mapping[str, Any] | None:
        """What is kept with a decision; None for a tool with one route, about which nothing is to be learned."""
        if tool.agno is None or tool.downstream is None:
            return None
        return {**self._context(call, tool, live).to_json(), "window": self._hour()}

    def learned(self, call: Call, tool: Tool, live: Live, policy: Policy) -> Learned | None:
        """What was learned about a call, with its draw; None while the flag is off or a route cannot serve anyway."""
        if not policy.flags.predictive_allocation or self._learner is None or live.faults:
            return None
        score = sum(term.points for term in score_terms(tool, live, policy.flags))
        share = share_of(tool.name, f"explored {self._hour()}", call.unit) / 100
        context = self._context(call, tool, live)
        return self._learner.chosen(tool.name, context, "agno" if score > 0 else "downstream", share)

    def saw(self, tool: str, content: Mapping[str, Any]) -> None:
        """Learn from a decision of this process that came to its end."""
        if self._learner is not None:
            self._learner.saw(tool, content)

    async def run(self) -> None:
        """Keep up with the flag and with what other processes decided, until cancelled."""
        while True:
            await self.look()
            await anyio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Learn again from the log where that is due: the flag is new, the metrics are others, or time has passed."""
        settings = self._settings()
        if not settings[0]:
            self._learner = None
        elif settings != self._before or anyio.current_time() >= self._again_at_s:
            self._learner = await to_thread.run_sync(self._learned_again, settings[1])
            self._again_at_s = anyio.current_time() + AGAIN_S
        self._before = settings

    def _learned_again(self, metrics: Collection[str]) -> Learner:
        return learned_from(((record.tool, record.content) for record in reversed(self._newest(READ))), metrics)

    def _context(self, call: Call, tool: Tool, live: Live) -> Context:
        digest = blake2b(call.unit.encode(errors="surrogatepass"), digest_size=8).digest()
        group = int.from_bytes(digest, "big") % UNITS
        target_ms = float(tool.target_ms or TARGET_MS)
        if self._learner is None:
            return Context(call.intent, len(call.arguments), live.busy, target_ms, group)
        recent = self._learner.recent(tool.name)
        return Context(call.intent, len(call.arguments), live.busy, target_ms, group, recent)

    def _hour(self) -> int:
        return int(self._clock() // HOUR_S)
