"""Keys that other MCP clients keep in the same file: set aside with a warning instead of refused.

Operators paste what they have, and what they have was written for an editor or a desktop client. A key
that is nearly one of ours is no foreign key but a slip, and stays to be refused with the right name; so do
those that other clients use for something that we call differently, since dropping them would change what
the operator asked for.
"""

from collections.abc import Mapping
from typing import Final

from server.config.documents import Value
from server.config.downstream import DownstreamFile, ServerEntry
from server.config.layers import Layer
from server.config.problems import Keys, Problem, dotted, nearest
from server.config.schema import children

OUR_NAME: Final[Mapping[str, str]] = {
    "cmd": "command",
    "coordination_mode": "mode",
    "enabled": "disabled",
    "httpUrl": "url",
    "mcp": "mcpServers",
    "server_url": "url",
    "serverUrl": "url",
    "servers": "mcpServers",
    "working_directory": "cwd",
    "workingDirectory": "cwd",
}
"""What other clients, and the first system, call something that we have: never dropped silently."""

_TOP: Final = tuple(children(DownstreamFile))
_ENTRY: Final = tuple(children(ServerEntry))


def set_aside_foreign(layer: Layer) -> tuple[dict[str, Value], list[Problem]]:
    """The file's values without the keys that are none of ours, and one warning for each of those."""
    warnings: list[Problem] = []
    tree = _keep(layer, (), layer.tree, _TOP, warnings)
    servers = tree.get("mcpServers")
    if isinstance(servers, dict):
        tree["mcpServers"] = {
            name: _keep(layer, ("mcpServers", name), entry, _ENTRY, warnings) if isinstance(entry, dict) else entry
            for name, entry in servers.items()
        }
    return tree, warnings


def _keep(
    layer: Layer, keys: Keys, values: dict[str, Value], ours: tuple[str, ...], warnings: list[Problem]
) -> dict[str, Value]:
    kept: dict[str, Value] = {}
    for name, value in values.items():
        if name in ours or name in OUR_NAME or nearest(name, ours):
            kept[name] = value
        else:
            source = layer.source((*keys, name))
            warnings.append(
                Problem(
                    source.name,
                    dotted((*keys, name)),
                    "is another client's key and has no effect here",
                    _HINTS.get(name),
                    source.line,
                )
            )
    return kept


_HINTS: Final[Mapping[str, str]] = {
    "inputs": "write ${env:NAME} instead of ${input:NAME}",
    "timeout": "to limit a call set call_timeout_ms under sophia:",
    "envFile": "to pass variables on use env with ${env:NAME} references",
}
