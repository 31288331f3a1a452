"""Phases 2 to 4: everything is started, each agent answers a real call, and is measured against the plan's targets.

No caller is moved yet, and no arm of a rollout counts these calls: their route is chosen, not drawn.
"""

import math
import statistics
from collections.abc import Sequence

from server.deployment.plan import ToolPlan
from server.deployment.progress import Figure, PhaseRecord
from server.deployment.work import Called, PhaseFailed, Site, Work
from server.generation import NOTHING_SET

__all__ = ["checked", "initialised", "measured"]

MINUTE_MS = 60_000.0


async def initialised(work: Work, site: Site, record: PhaseRecord) -> None:
    """Everything runs that the tools need."""
    faults: list[str] = []
    for name in work.plan.tools:
        work.watch.status(f"{name}: looking at both of its routes")
        found = await site.ready(name)
        faults += [f"{name}: {fault}" for fault in found]
        if not found:
            work.say(record, f"{name}: its agent can be built, and the server beside it answers")
    if faults:
        raise PhaseFailed("; ".join(faults))
    newest = work.store.policies.latest() or NOTHING_SET
    work.say(record, f"policy version {newest.number} holds")
    served = newest.config.get("digest")
    if served is None:
        work.say(record, "no process has served with this state yet; callers come once `sophia serve` runs")
    elif served != work.files:
        work.say(record, "mind: the process that began to serve last reads another configuration than this command")


async def checked(work: Work, site: Site, record: PhaseRecord) -> None:
    """Every agent answers the plan's call."""
    failed: list[str] = []
    for name, tool in work.plan.tools.items():
        work.watch.status(f"{name}: asking its agent")
        called = await site.call(name, tool.arguments, by_agent=True)
        if called.error is None:
            work.say(record, f"{name}: answered by {called.route} in {called.took_ms:,.0f} ms: {called.said}")
        else:
            failed.append(f"{name}: the agent failed: {called.error}")
    if failed:
        raise PhaseFailed("; ".join(failed))


async def measured(work: Work, site: Site, record: PhaseRecord) -> None:
    """What the plan has targets for is measured; a target that is missed ends the deployment here."""
    record.figures.clear()
    for name, tool in work.plan.tools.items():
        calls: list[Called] = []
        for number in range(tool.calls):
            work.watch.status(f"{name}: call {number + 1} of {tool.calls}")
            calls.append(await site.call(name, tool.arguments, by_agent=True))
        built = site.build(name, tool.calls)
        targets = tool.targets
        taken = [*_of_calls(name, tool, calls)]
        taken += [
            Figure(
                tool=name,
                name="instantiation_ms",
                value=statistics.median(built.took_ms),
                unit="ms",
                samples=len(built.took_ms),
                how="median of building the agent for a call",
                target=targets.instantiation_ms,
            ),
            Figure(
                tool=name,
                name="memory_mb",
                value=built.memory_mb,
                unit="MB",
                samples=built.live,
                how="what each agent that is kept alive holds, as Python counts it",
                target=targets.memory_mb,
            ),
        ]
        record.figures += taken
        for figure in taken:
            work.say(record, f"{name}: {figure.said}")
        errors = sorted({called.error for called in calls if called.error})
        for error in errors[:3]:
            work.say(record, f"{name}: a call failed: {error}")
    missed = [f"{figure.tool}: {figure.said}" for figure in record.figures if figure.met is False]
    if missed:
        raise PhaseFailed("; ".join(missed))


def _of_calls(name: str, tool: ToolPlan, calls: Sequence[Called]) -> list[Figure]:
    took_ms = sorted(called.took_ms for called in calls if called.error is None)
    spent_ms = sum(called.took_ms for called in calls)
    p95 = took_ms[math.ceil(0.95 * len(took_ms)) - 1] if took_ms else None
    targets = tool.targets
    return [
        Figure(
            tool=name,
            name="response_p95_ms",
            value=p95,
            unit="ms",
            samples=len(took_ms),
            how="answered calls, one after the other",
            target=targets.response_p95_ms,
        ),
        Figure(
            tool=name,
            name="calls_per_minute",
            value=len(took_ms) / spent_ms * MINUTE_MS if spent_ms else None,
            unit="a minute",
            samples=len(calls),
            how="answered calls, one after the other",
            target=targets.calls_per_minute,
        ),
        Figure(
            tool=name,
            name="error_rate_percent",
            value=100 * (len(calls) - len(took_ms)) / len(calls),
            unit="%",
            samples=len(calls),
            how="all calls",
            target=targets.error_rate_percent,
        ),
    ]
