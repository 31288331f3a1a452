"""What `sophia config check` and `sophia config show` print, as text and as JSON data.

Secrets that were written into a file are masked; references are shown, since they are none.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from io import StringIO
from itertools import groupby
from json import dumps
from typing import Any

from server.config.configuration import Configuration
from server.config.documents import Value
from server.config.layers import Source
from server.config.loading import Check
from server.config.masking import disguise, disguise_args
from server.config.problems import ConfigurationError, counted


@dataclass(frozen=True, slots=True)
class Line:
    """One value in effect, as it may be shown."""

    path: str
    value: Value
    source: Source


def shown_values(configuration: Configuration) -> Iterator[Line]:
    """Every value in effect, in the order of the files, secrets masked."""
    for path, value in configuration.values.items():
        yield Line(path, shown(path, value), configuration.provenance[path])


def shown(path: str, value: Value) -> Value:
    """The value at `path` as it may be shown."""
    name = path.rpartition(".")[2]
    if path.startswith("mcpServers.") and isinstance(value, str):
        return disguise(name if ".env." in path or ".headers." in path else "", value)
    if path.startswith("mcpServers.") and name == "args" and isinstance(value, list):
        return [*disguise_args([str(arg) for arg in value])]
    return value


def show_data(configuration: Configuration) -> dict[str, Any]:
    """`sophia config show --json`."""
    return {
        "digest": configuration.digest,
        "values": [
            {"path": line.path, "value": line.value, "source": asdict(line.source)}
            for line in shown_values(configuration)
        ],
    }


def render_show(configuration: Configuration, *, width: int | None = None) -> str:
    """`sophia config show`: grouped and `width` columns wide for a terminal, plain lines without one."""
    lines = list(shown_values(configuration))
    if width is not None:
        return _sections(lines, width)
    return "\n".join(f"{line.path} = {spelled(line.value)}  # {line.source}" for line in lines)


def spelled(value: Value) -> str:
    """A value as it would be written in a file."""
    return value if isinstance(value, str) and value else dumps(value, ensure_ascii=False)


def _sections(lines: list[Line], width: int) -> str:
    """One heading per group of keys, below it each key with its value and where that came from."""
    from rich.console import Console  # here: 60 ms that a server never needs
    from rich.table import Table
    from rich.text import Text

    keys_width = max(len(_split(line)[1]) for line in lines) + 2
    console = Console(file=StringIO(), width=width, force_terminal=True)
    with console.capture() as printed:
        for group, inside in groupby(lines, lambda line: _split(line)[0]):
            table = Table.grid(padding=(0, 2), expand=True)
            table.add_column(width=keys_width)
            table.add_column(ratio=1)
            table.add_column(ratio=1)
            for line in inside:
                style = "dim" if line.source.origin in ("packaged", "built in") else ""
                cells = ("  " + _split(line)[1], spelled(line.value), str(line.source))
                table.add_row(*(Text(cell, style, overflow="fold") for cell in cells))
            console.print(Text(group, "bold"), table, sep="\n")
    return printed.get().rstrip("\n")


def _split(line: Line) -> tuple[str, str]:
    group, _, key = line.path.rpartition(".")
    return group, key


def render_check(check: Check) -> str:
    """`sophia config check`: every problem, every warning, and the verdict last."""
    parts: list[str] = []
    if check.warnings:
        parts += [f"{counted(len(check.warnings), 'warning')}:", *map(str, check.warnings)]
    if check.configuration is None:
        parts.append(str(ConfigurationError(check.problems)))
    else:
        servers = counted(len(check.configuration.downstream.servers), "downstream server")
        parts.append(f"The configuration is valid: {servers}, digest {check.configuration.digest[:12]}.")
    return "\n\n".join(parts)


def check_data(check: Check) -> dict[str, Any]:
    """`sophia config check --json`."""
    return {
        "valid": check.configuration is not None,
        "digest": check.configuration.digest if check.configuration else None,
        "problems": [asdict(problem) for problem in check.problems],
        "warnings": [asdict(warning) for warning in check.warnings],
    }
