"""Phase 6, final verification: the policy says 100 %, a call like any caller's is the agent's, and real callers fared well.

What callers got at the last stage is held against the plan's targets too: the trial before was one call, repeated.
"""

from server.deployment.plan import ToolPlan
from server.deployment.progress import Figure, PhaseRecord
from server.deployment.traffic import at_work, is_complete
from server.deployment.work import PhaseFailed, Site, Work
from server.standing import standing

__all__ = ["verified"]


async def verified(work: Work, site: Site, record: PhaseRecord) -> None:
    """Raises PhaseFailed with everything that is not as it should be."""
    record.figures.clear()
    faults = [
        fault for name, tool in work.plan.tools.items() for fault in await _faults(work, site, name, tool, record)
    ]
    for fault in faults:
        work.say(record, fault)
    if faults:
        raise PhaseFailed("; ".join(faults))


async def _faults(work: Work, site: Site, name: str, tool: ToolPlan, record: PhaseRecord) -> list[str]:
    rollout = at_work(work.store, work.progress).get(name)
    if rollout is None or not is_complete(rollout):
        return [f"{name}: the policy does not have it at 100 % any more; `sophia policy history --tool {name}`"]
    figures = _measured(work, name, tool)
    record.figures += figures
    for figure in figures:
        work.say(record, f"{name}: {figure.said}")
    faults = [f"{name}: {figure.said}" for figure in figures if figure.met is False]
    work.watch.status(f"{name}: asking as any caller does")
    called = await site.call(name, tool.arguments, by_agent=False)
    if called.error is not None:
        faults.append(f"{name}: a call as any caller makes it failed: {called.error}")
    elif called.route != "agno":
        faults.append(f"{name}: a call as any caller makes it was served by {called.route or 'nobody'}, not by agno")
    else:
        work.say(
            record, f"{name}: 100 %; a call as any caller makes it was served by agno in {called.took_ms:,.0f} ms"
        )
    return faults


def _measured(work: Work, name: str, tool: ToolPlan) -> list[Figure]:
    arm = standing(name, at_work(work.store, work.progress)[name], work.now(), work.store.tallies).agno
    return [
        Figure(
            tool=name,
            name="response_p95_ms",
            value=arm.latency.quantile(0.95),
            unit="ms",
            samples=arm.calls - arm.errors,
            how=f"answers to {arm.users:,} users at 100 %",
            target=tool.targets.response_p95_ms,
        ),
        Figure(
            tool=name,
            name="error_rate_percent",
            value=100 * arm.errors / arm.calls if arm.calls else None,
            unit="%",
            samples=arm.calls,
            how=f"calls of {arm.users:,} users at 100 %",
            target=tool.targets.error_rate_percent,
        ),
    ]
