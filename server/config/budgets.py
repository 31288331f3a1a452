"""Budgets of tools that do not exist: a limit on a misspelt name would hold for nothing, and nobody would know.

Which tools a server has is not known before it runs; a name that no configured server could publish is a slip.
"""

import re
from collections.abc import Collection, Iterator

from server.config.agno_integration import AgnoIntegration
from server.config.downstream import DownstreamFile
from server.config.layers import Layer
from server.config.names import AGENT_IDS, TEAM_IDS
from server.config.problems import Keys, Problem, dotted, nearest

_AT: Keys = ("agno_integration", "budgets")
_OWN = (*AGENT_IDS, *(f"{team}_team" for team in TEAM_IDS))
_SURE = 25
"""Of a published name so many characters are its server's and the tool's own, whatever had to be shortened."""


def unknown_budgets(agno: AgnoIntegration, servers: DownstreamFile, layer: Layer) -> Iterator[Problem]:
    """One problem for each budget of a tool that cannot exist, with the nearest that does."""
    prefixes = [_prefix(name, entry.sophia.prefix) for name, entry in servers.mcp_servers.items()]
    for tool in agno.budgets:
        if tool not in _OWN and not _may_be_published(tool, prefixes):
            keys = (*_AT, tool)
            source = layer.source(keys)
            yield Problem(source.place, dotted(keys), "there is no such tool", _advice(tool), source.line)


def is_about_budget(problem: Problem) -> bool:
    """Whether this is one of those problems."""
    return problem.path.startswith(f"{dotted(_AT)}.")


def _prefix(server: str, given: str | None) -> str:
    return server if given is None else given


def _may_be_published(tool: str, prefixes: Collection[str]) -> bool:
    """Under an empty prefix a server's tools may be called anything."""
    begins = (re.sub(r"[^a-zA-Z0-9_-]", "_", f"{prefix}__") for prefix in prefixes)
    return "" in prefixes or any(tool.startswith(begin[:_SURE]) for begin in begins)


def _advice(tool: str) -> str:
    near = nearest(tool, _OWN)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"valid here: {', '.join(_OWN)}, and a server's tool as SERVER__TOOL"
