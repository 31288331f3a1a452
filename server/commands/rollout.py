"""`sophia rollout` and `sophia rollback`: move a tool to its agent, see how it stands, take it back."""

import argparse
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from server.bridge.arm_evidence import ArmEvidence
from server.bridge.policy import Rollout
from server.bridge.rollout import Advance, Complete, Hold, RollBack, Step, advance, hold, resume, roll_back, start
from server.commands.operating import Desk, Undone, at_desk, moment, operator, report
from server.commands.output import fail, printed
from server.operations import rolled_back
from server.standing import Standing, standing

__all__ = ["move", "roll_back_tools", "status"]

NOT_UNDER_ROLLOUT = "`{0}` is not under rollout: begin with `sophia rollout start {0}`."


def move(config_dir: Path | None, state_dir: Path, options: argparse.Namespace) -> int:
    """Do one step of a rollout, and say what was changed."""
    try:
        with at_desk(config_dir, state_dir) as desk:
            _check(desk, options.tool)
            step = STEPS[options.deed](desk, options)
            by = operator(options.why, desk.newest)
            version = desk.operations.move([options.tool], step, by, "rollout")
    except Undone as error:
        return fail(str(error))
    return report(version, desk.newest, as_json=options.json)


def roll_back_tools(
    config_dir: Path | None, state_dir: Path, tool: str | None, number: int | None, why: str, *, as_json: bool
) -> int:
    """Take one tool back, or every one; with `number` to what held in that version."""
    try:
        with at_desk(config_dir, state_dir) as desk:
            if tool is not None:
                _check(desk, tool)
            by = operator(why, desk.newest)
            if number is not None:
                version = desk.operations.restore(number, by, None if tool is None else [tool])
            else:
                tools = desk.now.movable if tool is None else {tool}
                version = desk.operations.move(tools, rolled_back(why), by, "rollback")
    except Undone as error:
        return fail(str(error))
    return report(version, desk.newest, as_json=as_json)


def status(config_dir: Path | None, state_dir: Path, tool: str | None, *, as_json: bool) -> int:
    """Print how the rollouts stand: stages, arms, gates, what is missing."""
    try:
        with at_desk(config_dir, state_dir) as desk:
            if tool is not None:
                _check(desk, tool)
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
        _show(out, one)
    return 0


def _check(desk: Desk, tool: str) -> None:
    if tool in desk.now.movable:
        return
    known = ", ".join(f"`{name}`" for name in sorted(desk.now.movable))
    if tool in desk.now.own:
        raise Undone(f"`{tool}` has one route only, so there is nothing to move. Tools with two: {known}.")
    raise Undone(f"There is no tool `{tool}` that can be moved. Tools with two routes: {known}.")


def _nothing(desk: Desk) -> str:
    known = ", ".join(sorted(desk.now.movable))
    return f"No tool is under rollout. `sophia rollout start TOOL` begins one; tools with two routes: {known}."


Stepped = Callable[[Rollout | None, float], Rollout]


def _started(desk: Desk, options: argparse.Namespace) -> Stepped:
    rules = desk.now.configuration.agno.rollout
    return lambda current, now: start(
        current,
        rules.stages,
        secrets.token_hex(4),
        now,
        to=options.to,
        automatic=rules.automatic if options.automatic is None else True,
        accept_insufficient=options.why if options.accept_insufficient else None,
    )


def _advanced(desk: Desk, options: argparse.Namespace) -> Stepped:
    if options.accept_insufficient and not options.why:
        raise Undone("--accept-insufficient needs a reason: add --why. It is kept in the history.")

    def step(current: Rollout | None, now: float) -> Rollout:
        under = _under(options.tool, current)
        gates = standing(options.tool, under, desk.now, desk.store.tallies).gates
        return advance(
            under,
            gates,
            desk.now.configuration.agno.rollout.stages,
            now,
            to=options.to,
            accept_insufficient=options.why if options.accept_insufficient else None,
        )

    return step


STEPS: Mapping[str, Callable[[Desk, argparse.Namespace], Stepped]] = {
    "start": _started,
    "advance": _advanced,
    "hold": lambda _, options: lambda current, now: hold(_under(options.tool, current), options.why or "by hand"),
    "resume": lambda _, options: lambda current, now: resume(_under(options.tool, current)),
    "abort": lambda _, options: (
        lambda current, now: roll_back(_under(options.tool, current), options.why or "aborted by hand", now)
    ),
}


def _under(tool: str, current: Rollout | None) -> Rollout:
    if current is None:
        raise Undone(NOT_UNDER_ROLLOUT.format(tool))
    return current


def standing_data(one: Standing) -> Mapping[str, Any]:
    """How a rollout stands, for programs."""
    return {
        "tool": one.tool,
        **one.rollout.to_json(),
        "share": one.rollout.share,
        "arms": {"agno": _arm_data(one.agno), "downstream": _arm_data(one.downstream)},
        "gates": [asdict(gate) for gate in one.gates],
        "next": step_said(one.step),
    }


def _arm_data(arm: ArmEvidence) -> Mapping[str, Any]:
    return {
        "calls": arm.calls,
        "users": arm.users,
        "errors": arm.errors,
        "errors_by_kind": dict(arm.errors_by_kind),
        "p50_ms": arm.latency.quantile(0.5),
        "p95_ms": arm.latency.quantile(0.95),
        "p99_ms": arm.latency.quantile(0.99),
    }


def step_said(step: Step) -> str:
    """What follows from the gates, in words."""
    match step:
        case Advance(percent):
            return f"every gate has passed: it may advance to {percent} %"
        case Complete():
            return "every gate has passed at 100 %: it is complete"
        case RollBack(why):
            return f"a gate is breached: it is rolled back at the next evaluation ({why})"
        case Hold(why):
            return "it stays: " + "; ".join(why)


def _show(out: Console, one: Standing) -> None:
    rollout = one.rollout
    out.print(Text(f"{one.tool}: {rollout.share} %, {rollout.state.replace('_', ' ')} since {moment(rollout.since)}"))
    if rollout.why:
        out.print(Text(f"  {rollout.why}"))
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
    for gate in one.gates:
        out.print(Text(f"  {gate.verdict:<9} {gate.name}: {gate.said}"))
    if isinstance(one.step, Hold) and rollout.state == "running":
        missing = sum(gate.verdict == "open" for gate in one.gates)
        out.print(Text(f"  it stays here: {missing} of {len(one.gates)} gates are still open"))
    else:
        out.print(Text(f"  {step_said(one.step)}"))
