"""`sophia explain`: which route a call would take and why, without running it."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import anyio
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from agents.outcome import silent
from server.bridge.explain import Explained
from server.commands.output import fail, printed
from server.commands.session import NotUnderstood, Typed, configured, session
from server.config import Configuration
from server.errors import SophiaError
from server.state.database import StoreError
from server.surface.operator_tools import explained_call
from server.surface.own_calls import Asking

__all__ = ["explain"]

WIDE = 240
"""Columns where nobody's terminal says how many there are."""


def explain(config_dir: Path | None, state_dir: Path, typed: Typed, *, as_json: bool) -> int:
    """Print the decision about a call that is not made."""
    configuration = configured(config_dir)
    if configuration is None:
        return 1
    try:
        explained = anyio.run(_decided, configuration, state_dir, typed, typed.arguments())
    except (NotUnderstood, StoreError) as error:
        return fail(str(error))
    if isinstance(explained, SophiaError):
        return fail(explained.message)
    found, read = explained
    if as_json:
        parts = asdict(found)
        printed({"tool": typed.tool, **parts.pop("decision"), **parts, "read": read})
    else:
        _show(typed.tool, found, read)
    return 0


async def _decided(
    configuration: Configuration, state_dir: Path, typed: Typed, arguments: dict[str, Any]
) -> tuple[Explained, dict[str, Any]] | SophiaError:
    tool = typed.tool
    async with session(configuration, state_dir) as (sophia, _):
        now = sophia.control.look()
        asking = Asking("explain", typed.route, silent)
        try:
            return await explained_call(
                tool, arguments, asking, now, sophia.calls, sophia.pool, sophia.bridge, sophia.relay, sophia.existing
            )
        except SophiaError as error:  # given back, since task groups would wrap what is raised through them
            return error


def _show(tool: str, explained: Explained, read: dict[str, Any]) -> None:
    decision = explained.decision
    out = Console(highlight=False)
    if not out.is_terminal:
        out.width = WIDE
    out.print(f"[bold]{escape(tool)}[/bold] would be served by [bold]{decision.route or 'nobody'}[/bold]", end="")
    out.print(f"; should that fail, by {decision.fallback}" if decision.fallback else "")
    rules = _table("rule", "what it says")
    for reason in explained.rules:
        rules.add_row(reason.rule, Text(reason.text))
    out.print("", rules, sep="\n")
    if explained.criteria:
        criteria = _table("points", "criterion", "why it counts, or what it would need")
        for one in explained.criteria:
            points = f"{one.points:+d}" if one.counts else f"({one.points:+d})"
            criteria.add_row(points, one.name, Text(one.because), style=None if one.counts else "dim")
        out.print("", criteria, sep="\n")
    known = _table("read", "")
    if read.get("intent"):
        known.add_row("intent", Text(str(read["intent"])))
    for name, value in read["arguments"].items():
        known.add_row(Text(name), Text(str(value)))
    for note in read.get("notes", ()):
        known.add_row("note", Text(note))
    if known.row_count:
        out.print("", known, sep="\n")
    out.print(f"\nUnder policy version {explained.policy_version}.", style="dim")


def _table(*columns: str) -> Table:
    """What was typed or configured is put into it as Text: it may hold brackets."""
    return Table(*columns, box=None, pad_edge=False)
