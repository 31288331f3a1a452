"""The site of a real deployment: a Sophia that runs in this process for as long as the command does."""

import gc
import time
import tracemalloc
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import mcp_types as t
from mcp import Client
from mcp.shared.exceptions import MCPError
from pydantic import JsonValue

from agents.outcome import Job, Limits, silent
from agents.spec import AgentSpec
from server.app import Sophia
from server.bridge.figures import BYTES_PER_MB
from server.bridge.policy import Rollout
from server.deployment.work import Built, Called
from server.errors import NoRoute
from server.generation import Generation
from server.surface.answers import META_ROUTE
from server.surface.own_calls import Asking

__all__ = ["RunningSite"]

LIVE = 100
SAID_CHARS = 80
WHO = "deployment"


class RunningSite:
    """Calls and builds what the Sophia of this process has."""

    def __init__(self, sophia: Sophia, client: Client) -> None:
        self._sophia = sophia
        self._client = client

    def now(self) -> Generation:
        """What is in force."""
        return self._sophia.control.look()

    async def ready(self, tool: str) -> Sequence[str]:
        """What keeps the tool from being moved."""
        await self._sophia.agno.warm()
        if tool in self.now().existing:
            return self._existing_ready(tool)
        own = self.now().own[tool]
        if self._sophia.routes.facts(own, self.now()).downstream is None:
            return ["no configured server offers its other route now; `sophia doctor` says which servers answer"]
        return list(self._sophia.routes.faults(own, self.now()).values())

    def _existing_ready(self, tool: str) -> Sequence[str]:
        target = self._sophia.pool.tool(tool)
        facts = self._sophia.existing.facts(target, self.now()) if target else None
        if facts is None:
            return ["its server does not offer it now; `sophia doctor` says which servers answer"]
        return (
            [] if facts.agno else ["its agent reads from another server; `sophia doctor` says what is bound to what"]
        )

    async def call(self, tool: str, arguments: Mapping[str, JsonValue], *, by_agent: bool) -> Called:
        """Make a real call."""
        started = time.perf_counter()
        try:
            result = await self._called(tool, dict(arguments), by_agent=by_agent)
        except MCPError as error:
            return Called(None, (time.perf_counter() - started) * 1000, error.message)
        took_ms = (time.perf_counter() - started) * 1000
        text = " ".join(block.text for block in result.content if isinstance(block, t.TextContent)).strip()
        route = (result.meta or {}).get(META_ROUTE)
        if result.is_error:
            return Called(route, took_ms, text or "it gave no reason")
        first = text.replace("**", "").splitlines()[0] if text else "no text"
        said = first if len(first) <= SAID_CHARS else f"{first[:SAID_CHARS]}…"
        return Called(route, took_ms, None, said)

    async def _called(self, tool: str, arguments: dict[str, Any], *, by_agent: bool) -> t.CallToolResult:
        if not by_agent:
            return await self._client.call_tool(tool, arguments)
        target = self._sophia.pool.tool(tool)
        if tool in self.now().existing and target is not None:
            asking = Asking(WHO, "agno", silent)
            return await self._sophia.existing.by_agent(target, arguments, asking, _begun(tool, self.now()))
        own = self.now().own[tool]
        # Under the policy as it will be: a tool that was rolled back has no agent until its next rollout begins.
        return await self._sophia.calls.call(own, arguments, Asking(WHO, "agno", silent), _begun(tool, self.now()))

    def build(self, tool: str, times: int) -> Built:
        """Build the tool's agent."""
        now = self.now()
        own = now.serving(tool)
        if own is None:
            raise NoRoute(f"No agent serves `{tool}`.", delivered=False)
        limits = Limits(now.settings.deadline_ms(own), now.settings.max_model_calls(own))
        job, spec = Job(WHO, {}, None, WHO, WHO, limits), cast("AgentSpec", own.spec)
        took_ms: list[float] = []
        for _ in range(times):
            started = time.perf_counter()
            self._sophia.agno.build(spec, job, now.configuration)
            took_ms.append((time.perf_counter() - started) * 1000)
        gc.collect()
        tracemalloc.start()
        try:
            live = [self._sophia.agno.build(spec, job, now.configuration) for _ in range(LIVE)]
            gc.collect()
            held = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()
        return Built(took_ms, held / len(live) / BYTES_PER_MB, LIVE)


def _begun(tool: str, now: Generation) -> Generation:
    rollout = Rollout(1, WHO, "running", 0.0, 0.0)
    return replace(now, policy=replace(now.policy, rollouts={**now.policy.rollouts, tool: rollout}))
