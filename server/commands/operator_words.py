"""The words of the commands that operators use: `rollout`, `rollback`, `deploy`, `policy`, `ab`. What they name is imported when run."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from server.wellformed import printable

__all__ = ["add_operator_commands"]

ENDS = "End the rollout: the tool has none any more, and what decided before it (score, share, its server) decides again."
TAKES_OUT = (
    "Take the agent out of one tool, or of all, from the next call on: what its server can answer it answers, what only "
    "the agent can answer is refused. `sophia rollout abort TOOL` ends that."
)
LONGEST_NUMBER = 15
"""Digits: what every database holds, and more versions than there will be."""

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # pyright: ignore[reportPrivateUsage]

Parser = argparse.ArgumentParser
StateDir = Callable[[argparse.Namespace], Path]


def add_operator_commands(
    commands: "Commands",
    shared: Sequence[Parser],
    state_dir: StateDir,
) -> None:
    """Add them to the `sophia` command. `shared` are the options that all of them take."""
    why = Parser(add_help=False)
    why.add_argument("--why", default="", type=printable, metavar="TEXT", help="the reason, kept in the history")
    _add_rollout(commands, shared, why, state_dir)
    _add_rollback(commands, shared, why, state_dir)
    _add_deploy(commands, shared, why, state_dir)
    _add_policy(commands, shared, why, state_dir)
    _add_ab(commands, shared, state_dir)


def _add_rollout(
    commands: "Commands",
    shared: Sequence[Parser],
    why: Parser,
    state_dir: StateDir,
) -> None:
    text = "Move a tool to its agent share by share, and see what was measured on the way."
    rollout = commands.add_parser("rollout", help=text, description=text)
    deeds = rollout.add_subparsers(metavar="start|status|advance|hold|resume|abort", required=True, dest="deed")
    tool, to = Parser(add_help=False), Parser(add_help=False)
    tool.add_argument("tool", help="published name; `sophia tools` lists them")
    to.add_argument("--to", type=_percent, metavar="PERCENT", help="this share instead of the next stage")

    def deed(name: str, help_: str, *parents: Parser) -> Parser:
        return deeds.add_parser(name, help=help_, description=help_, parents=[*shared, *parents])

    start = deed("start", "Begin: the first stage's share of the callers is served by the agent.", tool, to, why)
    start.add_argument("--accept-insufficient", action="store_true", help="begin above the first stage; needs --why")
    start.add_argument("--automatic", action="store_true", default=None, help="go on by itself when its gates pass")
    status = deed("status", "Show the stages, what each arm measured, and what each gate says.")
    status.add_argument("tool", nargs="?", help="only this tool")
    advance = deed("advance", "Go to the next stage, if the gates pass.", tool, to, why)
    advance.add_argument(
        "--accept-insufficient",
        action="store_true",
        help="go on although a gate is still open; needs --why. A gate that is breached is never passed over",
    )
    deed("hold", "Keep the share where it is; nothing advances by itself.", tool, why)
    deed("resume", "End a hold.", tool, why)
    deed("abort", ENDS, tool, why)

    def run(options: argparse.Namespace) -> int:
        from server.commands.rollout import move, status

        if options.deed == "status":
            return status(options.config, state_dir(options), options.tool, as_json=options.json)
        return move(options.config, state_dir(options), options)

    rollout.set_defaults(run=run)


def _add_rollback(
    commands: "Commands",
    shared: Sequence[Parser],
    why: Parser,
    state_dir: StateDir,
) -> None:
    short = "Take the agent out of one tool, or of all, from the next call on."
    back = commands.add_parser("rollback", help=short, description=TAKES_OUT, parents=[*shared, why])
    which = back.add_mutually_exclusive_group()
    which.add_argument("tool", nargs="?", help="published name")
    which.add_argument("--all", action="store_true", help="every tool that another route can serve")
    back.add_argument(
        "--to", type=_number, metavar="VERSION", help="bring back what held in this version; `sophia policy history`"
    )
    back.add_argument(
        "--accept-insufficient",
        action="store_true",
        help="with --to: bring a greater share back than the next stage; needs --why",
    )

    def run(options: argparse.Namespace) -> int:
        from server.commands.rollout import roll_back_tools

        if not (options.tool or options.all or options.to is not None):
            back.error("name a tool, or --all, or a version with --to")
        return roll_back_tools(
            options.config,
            state_dir(options),
            options.tool,
            options.to,
            options.why,
            accept_insufficient=options.accept_insufficient,
            as_json=options.json,
        )

    back.set_defaults(run=run)


def _add_deploy(
    commands: "Commands",
    shared: Sequence[Parser],
    why: Parser,
    state_dir: StateDir,
) -> None:
    text = "Move tools to their agents by a plan, in six phases, with everything measured on the way."
    ends = (
        "exit codes: 0 complete, 1 failed or taken back, 2 not understood, 3 held for lack of evidence, 130 stopped"
    )
    found = commands.add_parser("deploy", help=text, description=text, epilog=ends, parents=[*shared, why])
    found.add_argument("plan", type=Path, metavar="PLAN.yaml", help="such as config/deploy.example.yaml")
    which = found.add_mutually_exclusive_group()
    which.add_argument("--resume", action="store_true", help="go on with the plan's deployment that was stopped")
    which.add_argument("--rollback", action="store_true", help="take back what it moved, from wherever it stands")
    found.add_argument(
        "--report", type=Path, metavar="FILE", help="write FILE.md and FILE.json (default: beside the state)"
    )

    def run(options: argparse.Namespace) -> int:
        from server.commands.deploy import Asked, deploy

        words = {name: getattr(options, name) for name in ("plan", "resume", "rollback", "why", "report")}
        return deploy(options.config, state_dir(options), Asked(**words, as_json=options.json))

    found.set_defaults(run=run)


def _add_policy(
    commands: "Commands",
    shared: Sequence[Parser],
    why: Parser,
    state_dir: StateDir,
) -> None:
    text = "What operators set while Sophia serves, above every file, and the history of all changes."
    policy = commands.add_parser("policy", help=text, description=text)
    deeds = policy.add_subparsers(metavar="show|history|set|unset", required=True, dest="deed")
    key = Parser(add_help=False)
    key.add_argument("key", help="a key of agno_integration, such as feature_flags.enable_agno_agents")

    def deed(name: str, help_: str, *parents: Parser) -> Parser:
        return deeds.add_parser(name, help=help_, description=help_, parents=[*shared, *parents])

    deed("show", "Print what is set, and every rollout.")
    history = deed("history", "Print the newest changes: who, when, why, and what differed.")
    history.add_argument("--tool", help="only changes of this tool's rollout")
    history.add_argument("--limit", type=_number, default=20, metavar="N", help="at most so many (default: 20)")
    set_ = deed("set", "Set a key for every process, from its next call on.", key, why)
    set_.add_argument("value", help="as it would be written in the file")
    deed("unset", "Take back what was set; the files hold again.", key, why)

    def run(options: argparse.Namespace) -> int:
        from server.commands.policy import history, set_key, show

        place = (options.config, state_dir(options))
        if options.deed == "show":
            return show(*place, as_json=options.json)
        if options.deed == "history":
            return history(*place, options.tool, options.limit, as_json=options.json)
        value = options.value if options.deed == "set" else None
        return set_key(*place, options.key, value, options.why, as_json=options.json)

    policy.set_defaults(run=run)


def _add_ab(
    commands: "Commands",
    shared: Sequence[Parser],
    state_dir: StateDir,
) -> None:
    text = "Compare the agent with the server beside it, on the calls that were drawn between them."
    deeds = commands.add_parser("ab", help=text, description=text).add_subparsers(metavar="report", required=True)
    found = deeds.add_parser("report", help=text, description=text, parents=list(shared))
    found.add_argument("tool", nargs="?", help="only this tool")
    found.add_argument(
        "--since", type=_hours, metavar="HOURS", help="look back so far (default: ab_testing.test_duration_hours)"
    )
    found.add_argument("--html", type=Path, metavar="FILE", help="write it to this file as a page with plots")

    def run(options: argparse.Namespace) -> int:
        from server.commands.ab import report

        place = (options.config, state_dir(options))
        return report(*place, options.tool, options.since, as_json=options.json, html=options.html)

    found.set_defaults(run=run)


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = 0.0
    if not 0 < hours <= 87_600:
        raise argparse.ArgumentTypeError(f"{text}: write a number of hours, such as 24")
    return hours


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > LONGEST_NUMBER:
        raise argparse.ArgumentTypeError(f"{text[:40]}: write a whole number, 0 or more")
    return int(text)


def _percent(text: str) -> int:
    number = text.removesuffix("%")
    if not number.isdecimal() or len(number) > LONGEST_NUMBER or int(number) > 100:
        raise argparse.ArgumentTypeError(f"{text}: a share is a whole number from 0 to 100")
    return int(number)
