"""What changes from one configuration to the next, in lines that an operator reads; and what of it waits for a restart.

No line shows a secret: a value that is hidden in `sophia config show` is hidden here, and said to have changed.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from server.config.configuration import Configuration
from server.config.documents import Value
from server.config.rendering import shown, spelled

_SERVERS: Final = "mcpServers."
_NOT_SET: Final = "not set"

AT_START: Final = (
    _SERVERS,
    "sophia.",
    "agno_integration.knowledge_base",
    "agno_integration.ab_testing.test_duration_hours",
)
"""Where a path begins whose value is read when Sophia starts and not again."""

_AT_ONCE: Final = (".sophia.credits_per_call", ".sophia.cache_s", ".sophia.classification")
"""How the path of a server's value ends that holds from the next call on all the same."""


def difference(before: Configuration, after: Configuration) -> tuple[str, ...]:
    """One line for each value that differs: `agno_integration.bridge_mode: hybrid -> traditional_only`.

    A server that came or went is one line. The order is the files'.
    """
    old, new = _servers(before.values), _servers(after.values)
    lines = [f"{server}: added" for server in new if server not in old]
    lines += [f"{server}: removed" for server in old if server not in new]
    whole = old.keys() ^ new.keys()
    return (*_lines(_without(before.values, whole), _without(after.values, whole)), *lines)


def waits_for_restart(old: Mapping[str, Value], new: Mapping[str, Value]) -> tuple[str, ...]:
    """The parts that differ and are read at start only: each server by its name, every other key as it is."""
    came_or_went = _servers(old).keys() ^ _servers(new).keys()
    paths = [
        path
        for path in dict.fromkeys((*old, *new))
        if path.startswith(AT_START)
        and _differs(path, old, new)
        and (_server(path) in came_or_went or not path.endswith(_AT_ONCE))
    ]
    return tuple(dict.fromkeys(_server(path) or path for path in paths))


def _lines(old: Mapping[str, Value], new: Mapping[str, Value]) -> Iterable[str]:
    for path in dict.fromkeys((*old, *new)):
        if _differs(path, old, new):
            before, after = (_text(path, values) for values in (old, new))
            yield f"{path}: changed, and not shown" if before == after else f"{path}: {before} -> {after}"


def _differs(path: str, old: Mapping[str, Value], new: Mapping[str, Value]) -> bool:
    return (path in old) != (path in new) or old.get(path) != new.get(path)


def _text(path: str, values: Mapping[str, Value]) -> str:
    if path not in values:
        return _NOT_SET
    return spelled(shown(path, values[path]))


def _server(path: str) -> str | None:
    """`mcpServers.crm` of `mcpServers.crm.env.TOKEN`: a server's name holds no dot."""
    return ".".join(path.split(".")[:2]) if path.startswith(_SERVERS) else None


def _servers(values: Mapping[str, Value]) -> dict[str, None]:
    return dict.fromkeys(server for path in values if (server := _server(path)))


def _without(values: Mapping[str, Value], servers: Iterable[str]) -> dict[str, Value]:
    gone = set(servers)
    return {path: value for path, value in values.items() if _server(path) not in gone}
