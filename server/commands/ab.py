"""`sophia ab report`: how the agent and the server beside it did on the calls that were drawn between them."""

import time
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from server.commands.operating import Desk, Undone, at_desk
from server.commands.output import fail, printed
from server.instants import iso
from server.report.gathered import Asked, ToolReport, gathered, tool_data
from server.report.page import page
from server.report.resampling import FEWEST_USERS, RESAMPLES
from server.report.words import METHOD, TITLES, notes, rows

__all__ = ["report"]

NO_CALLS = (
    "No call was drawn between two routes in the last {hours:g} hours, so there is nothing to compare. Begin with "
    "`sophia rollout start TOOL`, and look again after some calls."
)


def report(
    config_dir: Path | None,
    state_dir: Path,
    tool: str | None,
    hours: float | None,
    *,
    as_json: bool,
    html: Path | None = None,
) -> int:
    """Print the comparison of one tool, or of every tool with drawn calls; with `html`, write it there as a page."""
    try:
        with at_desk(config_dir, state_dir) as desk:
            asked = _asked(desk, tool, hours)
            found = gathered(desk.store, asked)
    except Undone as error:
        return fail(str(error))
    if html is not None:
        try:
            html.write_text(page(asked, found), encoding="utf-8", errors="replace")
        except OSError as error:
            return fail(f"The page could not be written to {html}: {error.strerror}. Name another file.")
    if as_json:
        printed(_data(asked, found))
    elif html is not None:
        print(f"Written to {html}; it is one file and needs no network.")  # noqa: T201
    else:
        _show(asked, found)
    return 0


def _asked(desk: Desk, tool: str | None, hours: float | None) -> Asked:
    movable = desk.now.movable
    if tool is not None and tool not in movable:
        known = ", ".join(f"`{name}`" for name in sorted(movable))
        raise Undone(f"`{tool}` has no two routes to compare. Tools with two: {known}.")
    testing, now = desk.now.configuration.agno.ab_testing, time.time()
    since = now - 3_600 * (testing.test_duration_hours if hours is None else hours)
    tools = sorted(movable) if tool is None else [tool]
    return Asked(tools, since, now, testing.success_metrics, testing.test_duration_hours)


def _data(asked: Asked, found: list[ToolReport]) -> dict[str, object]:
    return {
        "hours": round((asked.until - asked.since) / 3_600, 3),
        "since": iso(asked.since),
        "until": iso(asked.until),
        "resamples": RESAMPLES,
        "fewest_users": FEWEST_USERS,
        "tools": [tool_data(one) for one in found],
    }


def _show(asked: Asked, found: list[ToolReport]) -> None:
    out, hours = Console(highlight=False, soft_wrap=True), (asked.until - asked.since) / 3_600
    if not found:
        out.print(Text(NO_CALLS.format(hours=hours)))
        return
    for one in found:
        out.print(Text(one.tool, style="bold"))
        table = Table("", "agno", "downstream", box=None, pad_edge=False)
        for row in rows(one):
            table.add_row(row.label, row.agno, row.downstream)
        out.print(table)
        out.print()
        for metric in one.metrics:
            out.print(Text(f"{TITLES[metric.name]}: {metric.verdict}; {metric.said}."))
        for note in notes(one):
            out.print(Text(note))
        out.print()
    out.print(Text(f"The last {hours:g} hours. {METHOD}"))
