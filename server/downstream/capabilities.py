"""What the configured servers can be used for, by capability and not by vendor.

A capability is bound to the first server, in the order of the configuration, that offers a tool known to have it. An
operator narrows a server's use with `capabilities` in downstream.yaml: a list keeps only those, a mapping also names
the tool. What is bound to nothing is off, and `doctor` says which tools were looked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import mcp_types as t

from server.downstream.offer import Offer

__all__ = ["CANDIDATES", "Binding", "Capability", "Uses", "bind"]

Capability = Literal[
    "calls.list", "calls.details", "calls.transcripts", "calls.analysis", "calls.coaching", "warehouse.query"
]

CANDIDATES: Mapping[Capability, tuple[str, ...]] = {
    "calls.list": ("list_calls",),
    "calls.details": ("get_call_details",),
    "calls.transcripts": ("retrieve_transcripts",),
    "calls.analysis": ("gong_call_analysis",),
    "calls.coaching": ("get_coaching_report",),
    "warehouse.query": ("execute_query", "execute_sql", "run_query", "read_query"),
}
"""Tool names that are known to have a capability; the first that a server offers is taken."""

Uses = Mapping[str, str | None] | None
"""One server's `capabilities`: None finds out, otherwise capability -> tool name or None to find out which."""


@dataclass(frozen=True, slots=True)
class Binding:
    """A capability and the tool that has it, under the server's own name for it."""

    server: str
    tool: t.Tool


def bind(offers: Mapping[str, Offer], uses: Mapping[str, Uses]) -> Mapping[Capability, Binding]:
    """Bind every capability that some server has. `offers` and `uses` are by server, in configuration order."""
    bound: dict[Capability, Binding] = {}
    for capability, candidates in CANDIDATES.items():
        for server, offer in offers.items():
            if tool := _tool(capability, candidates, offer, uses.get(server)):
                bound[capability] = Binding(server, tool)
                break
    return bound


def _tool(capability: Capability, candidates: tuple[str, ...], offer: Offer, uses: Uses) -> t.Tool | None:
    if uses is not None and capability not in uses:
        return None
    named = uses[capability] if uses is not None else None
    tools = {tool.name: tool for tool in offer.tools}
    return next((tools[name] for name in ((named,) if named else candidates) if name in tools), None)
