"""Budgets of tools that do not exist: a limit on a misspelt name would hold for nothing, and nobody would know.

Which tools a server has is not known before it runs; a name that no configured server could publish is a slip.
"""

import re
from collections.abc import Collection, Iterator, Mapping

from server.config.documents import Value
from server.config.layers import Layer, Origin
from server.config.names import AGENT_IDS, TEAM_IDS
from server.config.problems import Problem, dotted, nearest

_AT = ("agno_integration", "budgets")
_OWN = (*AGENT_IDS, *(f"{team}_team" for team in TEAM_IDS))
_SURE = 25
"""Of a published name so many characters are its server's and the tool's own, whatever had to be shortened."""


def unknown_budgets(said: Layer, reached: Layer) -> Iterator[tuple[Origin, Problem]]:
    """A problem for each budget of a tool that cannot exist, with the nearest that does, and who said it.

    `said` is what the integration's sources say, `reached` the servers; both may have other faults.
    """
    prefixes = [_prefix(name, entry) for name, entry in _group(reached.tree, "mcpServers").items()]
    for tool in _group(_group(said.tree, _AT[0]), _AT[1]):
        if tool not in _OWN and not _may_be_published(tool, prefixes):
            keys = (*_AT, tool)
            source = said.source(keys)
            advice = _advice(tool)
            yield source.origin, Problem(source.place, dotted(keys), "there is no such tool", advice, source.line)


def is_about_budget(problem: Problem) -> bool:
    """Whether this is one of those problems."""
    return problem.path.startswith(f"{dotted(_AT)}.")


def _group(tree: Mapping[str, Value], name: str) -> Mapping[str, Value]:
    group = tree.get(name)
    return group if isinstance(group, dict) else {}


def _prefix(server: str, entry: Value) -> str:
    given = _group(entry, "sophia").get("prefix") if isinstance(entry, dict) else None
    return given if isinstance(given, str) else server


def _may_be_published(tool: str, prefixes: Collection[str]) -> bool:
    """Under an empty prefix a server's tools may be called anything."""
    begins = (re.sub(r"[^a-zA-Z0-9_-]", "_", f"{prefix}__") for prefix in prefixes)
    return "" in prefixes or any(tool.startswith(begin[:_SURE]) for begin in begins)


def _advice(tool: str) -> str:
    near = nearest(tool, _OWN)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"valid here: {', '.join(_OWN)}, and a server's tool as SERVER__TOOL"
