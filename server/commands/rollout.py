"""`sophia rollout` and `sophia rollback`: move a tool to its agent, see how it stands, take it back."""

import argparse
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from server.commands.operating import Desk, Undone, at_desk, moment, operator, report
from server.commands.output import fail, printed
from server.config import ConfigurationError
from server.consequences import at_zero, consequences
from server.generation import Generation
from server.operations import rollout_said
from server.rollout_steps import NOT_UNDER_ROLLOUT, Deed, aborted, check_movable, moved, taken_back
from server.standing import Standing, standing, standing_data, step_said
from server.state.policies import UnreadableVersion, Version
from server.wellformed import printable

__all__ = ["move", "roll_back_tools", "status"]

DEED_WORDS = frozenset({"to", "accept_insufficient", "automatic"})


def move(config_dir: Path | None, state_dir: Path, options: argparse.Namespace) -> int:
    """Do one step of a rollout, and say what was changed."""
    try:
        with at_desk(config_dir, state_dir) as desk:
            before, known, deed = desk.store.policies.newest_number(), _in_force(desk), _deed(options)
            if deed.name == "abort":
                version = aborted(desk.operations, deed, operator(options.why, before))
            else:
                by = operator(options.why, desk.newest)
                version = moved(desk.operations, deed, desk.now, desk.store.tallies, by)
            means = _means(known, version)
    except Undone as error:
        return fail(str(error))
    return report(version, before, as_json=options.json, means=means)


def roll_back_tools(
    config_dir: Path | None,
    state_dir: Path,
    tool: str | None,
    number: int | None,
    why: str,
    *,
    accept_insufficient: bool,
    as_json: bool,
) -> int:
    """Take one tool back, or every one; with `number` to what held in that version."""
    try:
        with at_desk(config_dir, state_dir) as desk:
            before, known = desk.store.policies.newest_number(), _in_force(desk)
            by = operator(why, None if number is None else before)
            version = taken_back(
                desk.operations, lambda: desk.now, by, tool, number, accept_insufficient=accept_insufficient
            )
            means = _means(known, version)
    except Undone as error:
        return fail(str(error))
    return report(version, before, as_json=as_json, means=means)


def _in_force(desk: Desk) -> tuple[Version, Generation] | None:
    """What is in force before a change; None where it cannot be loaded, which keeps nobody from taking calls back."""
    try:
        return desk.newest, desk.now
    except (ConfigurationError, UnreadableVersion):
        return None


def _means(known: tuple[Version, Generation] | None, after: Version) -> list[str]:
    return [] if known is None else consequences(known[0], after, known[1])


def status(config_dir: Path | None, state_dir: Path, tool: str | None, *, as_json: bool) -> int:
    """Print how the rollouts stand: stages, arms, gates, what is missing."""
    try:
        with at_desk(config_dir, state_dir) as desk:
            if tool is not None:
                check_movable(tool, desk.now)
            chosen = {name: one for name, one in desk.now.policy.rollouts.items() if tool in {None, name}}
            found = [standing(name, one, desk.now, desk.store.tallies) for name, one in sorted(chosen.items())]
    except Undone as error:
        return fail(str(error))
    if as_json:
        printed({"version": desk.now.policy.version, "rollouts": [standing_data(one) for one in found]})
        return 0
    out = Console(highlight=False, soft_wrap=True)
    if not found:
        out.print(Text(NOT_UNDER_ROLLOUT.format(tool) if tool else _nothing(desk)))
    for one in found:
        _show(out, one, desk.now)
    return 0


def _deed(options: argparse.Namespace) -> Deed:
    asked = {name: value for name, value in vars(options).items() if name in DEED_WORDS}
    return Deed(options.deed, options.tool, options.why, **asked)


def _nothing(desk: Desk) -> str:
    known = ", ".join(sorted(desk.now.movable))
    return f"No tool is under rollout. `sophia rollout start TOOL` begins one; tools with two routes: {known}."


def _show(out: Console, one: Standing, now: Generation) -> None:
    rollout = one.rollout
    back = f" (from {rollout.percent} %)" if rollout.state == "rolled_back" else ""
    out.print(Text(f"{one.tool}: {rollout_said(rollout)}{back}, since {moment(rollout.since)}"))
    accepted = f"accepted without sufficient evidence: {rollout.accepted}" if rollout.accepted else ""
    for line in dict.fromkeys((rollout.why, accepted)):
        if line:
            out.print(Text(f"  {printable(line)}"))
    table = Table("", "calls", "users", "failed", "p50", "p95", "p99", box=None, pad_edge=False)
    for name, arm in (("agno", one.agno), ("downstream", one.downstream)):
        failed = f"{arm.errors:,} ({arm.errors / arm.calls:.1%})" if arm.calls else "-"
        quantiles = (arm.latency.quantile(p) for p in (0.5, 0.95, 0.99))
        table.add_row(
            f"  {name}",
            f"{arm.calls:,}",
            f"{arm.users:,}",
            failed,
            *("-" if q is None else f"{q:,.0f} ms" for q in quantiles),
        )
    out.print(table)
    if rollout.state != "rolled_back":  # why it was is said above
        for gate in one.gates:
            if gate in one.asked or gate.verdict == "breached":
                out.print(Text(f"  {gate.verdict:<9} {gate.name}: {gate.said}"))
        out.print(Text(f"  {step_said(one)}"))
    if means := at_zero(one.tool, rollout, now):
        out.print(Text(f"  {means}"))
