"""The `sophia` command: parses the words and calls what they name.

Nothing heavy is imported before the words are understood: a client waits for `sophia serve` to start.
Exit codes: 0 done, 1 it could not be done and the message says why, 2 the command was not understood, 130 interrupted.
"""

import argparse
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

__all__ = ["main"]

FAILED = 1
INTERRUPTED = 130


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    parser = _parser()
    options, rest = parser.parse_known_args(words)
    # argparse takes an optional word for left out once an option stands before it: `ask TOOL --json WORDS`.
    if len(rest) == 1 and not rest[0].startswith("-") and getattr(options, "request", "") is None:
        options.request = rest.pop()
    if rest and options.run is not _import_gong:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    options.rest = rest
    from server.commands.logs import NoSuchLevel, log_to_stderr

    try:
        log_to_stderr(os.environ, serving=options.run is _serve)
    except NoSuchLevel as error:
        parser.exit(FAILED, f"{error}\n")
    try:
        return int(options.run(options))
    except KeyboardInterrupt:
        return INTERRUPTED


class _Parser(argparse.ArgumentParser):
    """Names the nearest of the words there are, for one that there is not."""

    def error(self, message: str) -> NoReturn:
        chosen = re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)", message)
        if chosen:
            from server.nearest import nearest_hint

            message += nearest_hint(chosen[1], re.findall(r"'([^']*)'", chosen[2]))
        super().error(message)


def _named(prog: str, description: str) -> argparse.ArgumentParser:
    """The command's parser; its subcommands' are of the same class."""
    return _Parser(prog=prog, description=description)


def _parser() -> argparse.ArgumentParser:
    from importlib.metadata import version

    parser = _named(prog="sophia", description="Sales and business agents behind MCP tools.")
    parser.add_argument("--version", action="version", version=f"sophia {version('sophia')}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    configured, stateful, printing = (argparse.ArgumentParser(add_help=False) for _ in range(3))
    configured.add_argument(
        "--config", type=Path, metavar="DIR", help="your configuration (default: $SOPHIA_CONFIG_DIR)"
    )
    stateful.add_argument(
        "--state", type=Path, metavar="DIR", help="where state is kept (default: $SOPHIA_STATE_DIR)"
    )
    printing.add_argument("--json", action="store_true", help="print JSON, for programs")
    shared = (configured, stateful, printing)

    def command(name: str, help_: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=help_, description=help_, parents=parents)

    serve = command("serve", "Serve MCP clients, over stdio unless --http is given.", configured, stateful)
    serve.add_argument(
        "--http",
        nargs="?",
        type=_address,
        const=("127.0.0.1", 8765),
        metavar="HOST:PORT",
        help="serve streamable HTTP",
    )
    serve.add_argument("--operator", action="store_true", help="let clients choose a route; for your own use only")
    serve.set_defaults(run=_serve)

    call = argparse.ArgumentParser(add_help=False)
    call.add_argument("tool", help="published name; `sophia tools` lists them")
    call.add_argument("request", nargs="?", help="what you want to know")
    call.add_argument("--arg", action="append", default=[], metavar="NAME=VALUE", help="an argument; may be repeated")
    call.add_argument("--route", choices=("agno", "downstream"), help="take this route")

    ask = command("ask", "Ask an agent or a team, or call any published tool.", *shared, call)
    ask.set_defaults(run=_ask)

    tools = command("tools", "List the published tools and where each leads.", *shared)
    tools.set_defaults(run=_tools)

    explain = command("explain", "Show which route a call would take, and why, without running it.", *shared, call)
    explain.set_defaults(run=_explain)

    config = commands.add_parser("config", help="Check, show or reload the configuration.")
    views = config.add_subparsers(metavar="check|show|reload", required=True)
    check = views.add_parser("check", help="Say what is wrong with it, if anything.", parents=[configured, printing])
    check.set_defaults(run=_config_check)
    show = views.add_parser(
        "show", help="Print it as it takes effect, with where each value came from.", parents=list(shared)
    )
    show.set_defaults(run=_config_show)
    reload = views.add_parser(
        "reload", help="Have every process that serves read its files again.", parents=list(shared)
    )
    reload.add_argument("--why", default="", metavar="TEXT", help="the reason, kept in the history")
    reload.set_defaults(run=_config_reload)

    doctor = command("doctor", "Check everything that serving needs, and say what to do about each fault.", *shared)
    doctor.set_defaults(run=_doctor)

    from server.commands.operator_words import add_operator_commands

    add_operator_commands(commands, shared, state_dir)
    _add_library(commands, shared, stateful)

    install = command("install", "Print, or write, the entry that an MCP client needs.", *shared)
    install.add_argument("client", choices=("claude-code", "claude-desktop", "vscode", "cursor"))
    install.add_argument("--write", action="store_true", help="merge it into the client's file")
    install.set_defaults(run=_install)

    import_ = commands.add_parser("import", help="Bring in your own data.")
    kinds = import_.add_subparsers(metavar="gong", required=True)
    # Its words belong to the importer, which is a program of its own.
    gong = kinds.add_parser("gong", help="Import Gong calls from files or from Gong itself.", add_help=False)
    gong.set_defaults(run=_import_gong)
    return parser


def _add_library(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",  # pyright: ignore[reportPrivateUsage]
    shared: Sequence[argparse.ArgumentParser],
    stateful: argparse.ArgumentParser,
) -> None:
    library = commands.add_parser("library", help="The recorded calls that are kept to be searched.")
    acts = library.add_subparsers(metavar="sync|status|forget", required=True)
    which = argparse.ArgumentParser(add_help=False)
    which.add_argument("server", nargs="?", help="the server that calls are read from")
    sync = "Read every call that is not kept yet. May be interrupted at any time, and goes on where it was."
    acts.add_parser("sync", help=sync, description=sync, parents=[*shared, which]).set_defaults(run=_library_sync)
    status = "Say how many calls are kept, how fresh they are and what is missing."
    acts.add_parser("status", help=status, description=status, parents=[*shared, which]).set_defaults(
        run=_library_status
    )
    forget = "Delete what is kept of a server's calls on this machine."
    forgetting = acts.add_parser("forget", help=forget, description=forget, parents=[stateful])
    forgetting.add_argument("server", help="the server, as downstream.yaml names it")
    forgetting.set_defaults(run=_library_forget)


def _address(text: str) -> tuple[str, int]:
    """`HOST:PORT`, or a port of this machine's."""
    host, colon, port = text.rpartition(":")
    if ":" in host and not host.startswith("["):
        raise argparse.ArgumentTypeError(f"{text}: write an IPv6 address in brackets, such as [::1]:8765")
    if not port.isdecimal() or int(port) > 65_535 or (colon and not host):
        raise argparse.ArgumentTypeError(f"{text}: write it as HOST:PORT, such as 127.0.0.1:8765")
    return host.strip("[]") or "127.0.0.1", int(port)


def state_dir(options: argparse.Namespace) -> Path:
    """Where state is kept: the option, the environment, or the platform's place for it."""
    if options.state is not None:
        return Path(options.state)
    if named := os.environ.get("SOPHIA_STATE_DIR"):
        return Path(named)
    from platformdirs import user_state_path

    return user_state_path("sophia")


def _serve(options: argparse.Namespace) -> int:
    import gc

    # Nothing that starting makes is garbage, and looking through it costs a tenth of the time to the first answer;
    # `app` turns collecting on again once the first client has its list.
    gc.disable()
    from server.commands.serve import serve

    return serve(options.config, state_dir(options), address=options.http, for_operator=options.operator)


def _ask(options: argparse.Namespace) -> int:
    from server.commands.ask import ask
    from server.commands.session import Typed

    typed = Typed(options.tool, options.request, options.arg, options.route)
    return ask(options.config, state_dir(options), typed, as_json=options.json)


def _tools(options: argparse.Namespace) -> int:
    from server.commands.tools import tools

    return tools(options.config, state_dir(options), as_json=options.json)


def _explain(options: argparse.Namespace) -> int:
    from server.commands.explain import explain
    from server.commands.session import Typed

    typed = Typed(options.tool, options.request, options.arg, options.route)
    return explain(options.config, state_dir(options), typed, as_json=options.json)


def _config_check(options: argparse.Namespace) -> int:
    from server.commands.config import check

    return check(options.config, as_json=options.json)


def _config_show(options: argparse.Namespace) -> int:
    from server.commands.config import show

    return show(options.config, state_dir(options), as_json=options.json)


def _config_reload(options: argparse.Namespace) -> int:
    from server.commands.policy import reload

    return reload(options.config, state_dir(options), options.why, as_json=options.json)


def _doctor(options: argparse.Namespace) -> int:
    from server.commands.doctor import doctor

    return doctor(options.config, state_dir(options), as_json=options.json)


def _library_sync(options: argparse.Namespace) -> int:
    from server.commands.library import sync

    return sync(options.config, state_dir(options), options.server, as_json=options.json)


def _library_status(options: argparse.Namespace) -> int:
    from server.commands.library import status

    return status(options.config, state_dir(options), options.server, as_json=options.json)


def _library_forget(options: argparse.Namespace) -> int:
    from server.commands.library import forget

    return forget(state_dir(options), options.server)


def _install(options: argparse.Namespace) -> int:
    from server.commands.install import install

    return install(options.client, options.config, options.state, write_it=options.write, as_json=options.json)


def _import_gong(options: argparse.Namespace) -> int:
    from server.commands.imports import import_gong

    return import_gong(options.rest)


if __name__ == "__main__":
    sys.exit(main())
