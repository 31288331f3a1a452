"""`sophia explain`: which route a call would take and why, without running it."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import anyio
from rich.console import Console
from rich.markup import escape

from agents.outcome import silent
from server.bridge.decide import Decision
from server.commands.session import NotUnderstood, Typed, configured, fail, printed, session
from server.config import Configuration
from server.errors import SophiaError, UnknownTool
from server.state.database import StoreError
from server.surface.own_calls import Asking

__all__ = ["explain"]


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
    decision, read = explained
    if as_json:
        printed({"tool": typed.tool, **asdict(decision), "read": read})
    else:
        _show(typed.tool, decision, read)
    return 0


async def _decided(
    configuration: Configuration, state_dir: Path, typed: Typed, arguments: dict[str, Any]
) -> tuple[Decision, dict[str, Any]] | SophiaError:
    tool = typed.tool
    async with session(configuration, state_dir) as (sophia, _):
        now = sophia.control.look()
        own = now.own.get(tool)
        if own is not None:
            try:
                return await sophia.calls.explain(own, arguments, Asking("explain", typed.route, silent), now)
            except SophiaError as error:  # given back, since task groups would wrap what is raised through them
                return error
        target = sophia.pool.tool(tool)
        if target is None:
            return UnknownTool(f"There is no tool `{tool}`. `sophia tools` lists them.")
        return sophia.bridge.decide_proxied(tool, target[1].server, now.policy).decision, {"arguments": arguments}


def _show(tool: str, decision: Decision, read: dict[str, Any]) -> None:
    out = Console(highlight=False, soft_wrap=True)
    out.print(f"[bold]{escape(tool)}[/bold] would be served by [bold]{decision.route or 'nobody'}[/bold]", end="")
    out.print(f", after a failure by {decision.fallback}" if decision.fallback else "")
    for reason in decision.reasons:
        out.print(f"  {reason.rule:<9} {reason.text}", markup=False)
    for term in decision.terms:
        out.print(f"  {term.points:+d} {term.name}: {term.because}", markup=False)
    if read.get("intent"):
        out.print(f"  read      intent {read['intent']}", markup=False)
    for name, value in read["arguments"].items():
        out.print(f"  read      {name} = {value}", markup=False)
    for note in read.get("notes", ()):
        out.print(f"  note      {note}", markup=False)
