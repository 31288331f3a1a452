"""`sophia ab report`: how the agent and the server beside it did on the calls that were drawn between them."""

import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from server.bridge.compare import FEWEST_UNITS, RESAMPLES, Arm, Comparison, compared
from server.commands.operating import Undone, at_desk
from server.commands.output import fail, printed

__all__ = ["report"]

MOST_RECORDS = 20_000
METRICS: Mapping[str, str] = {
    "response_time_improvement": "latency",
    "error_rate_reduction": "errors",
}
"""What the decision log can answer. Of the other metrics the report says that it cannot."""
NO_CALLS = (
    "No call was drawn between two routes in the last {hours} hours, so there is nothing to compare. Begin with "
    "`sophia rollout start TOOL`, and look again after some calls."
)


def report(config_dir: Path | None, state_dir: Path, tool: str | None, hours: float | None, *, as_json: bool) -> int:
    """Print the comparison of one tool, or of every tool with drawn calls."""
    try:
        with at_desk(config_dir, state_dir) as desk:
            if tool is not None and tool not in desk.now.movable:
                known = ", ".join(f"`{name}`" for name in sorted(desk.now.movable))
                raise Undone(f"`{tool}` has no two routes to compare. Tools with two: {known}.")
            testing = desk.now.configuration.agno.ab_testing
            hours = testing.test_duration_hours if hours is None else hours
            since = time.time() - hours * 3600
            tools = sorted(desk.now.movable) if tool is None else [tool]
            kept = {name: desk.store.decisions.latest(name, since, MOST_RECORDS) for name in tools}
            metrics = testing.success_metrics
    except Undone as error:
        return fail(str(error))
    every = [compared(name, records) for name, records in kept.items()]
    found = [one for one in every if one.agno.calls or one.downstream.calls]
    if as_json:
        tools_data = [_data(one, metrics) for one in found]
        printed({"hours": hours, "resamples": RESAMPLES, "fewest_users": FEWEST_UNITS, "tools": tools_data})
        return 0
    out = Console(highlight=False, soft_wrap=True)
    if not found:
        out.print(Text(NO_CALLS.format(hours=f"{hours:g}")))
        return 0
    for one in found:
        _show(out, one, metrics)
    out.print(
        Text(
            f"The last {hours:g} hours. Intervals are of 95 %: Wilson's for errors; for latencies from {RESAMPLES} "
            f"resamples of whole users. A verdict needs {FEWEST_UNITS} users in each arm."
        )
    )
    return 0


def _data(one: Comparison, metrics: tuple[str, ...]) -> Mapping[str, Any]:
    verdicts = {"latency": one.latency, "errors": one.errors}
    return {
        "tool": one.tool,
        "arms": {"agno": asdict(one.agno), "downstream": asdict(one.downstream)},
        "not_drawn": one.not_drawn,
        "not_counted": one.not_counted,
        "verdicts": {name: verdicts[METRICS[name]] if name in METRICS else "not measured" for name in metrics},
    }


def _show(out: Console, one: Comparison, metrics: tuple[str, ...]) -> None:
    out.print(Text(one.tool, style="bold"))
    table = Table("", "agno", "downstream", "the agent is", box=None, pad_edge=False)
    both = (one.agno, one.downstream)
    table.add_row("calls (users)", *(f"{arm.calls} ({arm.users})" for arm in both), "")
    if "error_rate_reduction" in metrics:
        table.add_row("errors", *map(_errors, both), one.errors)
    if "response_time_improvement" in metrics:
        table.add_row("p50", *(_ms(arm.p50_ms, arm.p50_interval_ms) for arm in both), "")
        table.add_row("p95", *(_ms(arm.p95_ms, arm.p95_interval_ms) for arm in both), one.latency)
    for name in metrics:
        if name not in METRICS:
            table.add_row(name.replace("_", " "), "", "", "not measured by this report")
    out.print(table)
    out.print(
        Text(
            f"Apart from these: {one.not_drawn} calls were not drawn, and {one.not_counted} say nothing of a route, "
            "such as a caller's own mistake.\n"
        )
    )


def _errors(arm: Arm) -> str:
    if arm.error_rate is None:
        return "no calls"
    low, high = arm.error_interval
    return f"{arm.error_rate:.1%} ({low:.1%} to {high:.1%})"


def _ms(value: float | None, interval: tuple[float, float] | None) -> str:
    if value is None:
        return "no answer"
    return f"{value:.0f} ms" + (f" ({interval[0]:.0f} to {interval[1]:.0f})" if interval else "")
