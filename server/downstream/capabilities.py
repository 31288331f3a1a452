"""What the configured servers can be used for, by capability and not by vendor.

A capability is bound to a tool known to have it, as the live `tools/list` has it. Capabilities that belong together
(listing calls and reading their words) are bound to the server that has most of them, in the order of the
configuration; what it lacks is taken from the next. An operator narrows a server's use with `capabilities` in
downstream.yaml: a list keeps only those, a mapping also names the tool, its arguments and what is always given to it.
What is bound to nothing is off, and `doctor` says which tools were looked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import mcp_types as t

from agents.sources import Level
from server.config import CapabilityUse
from server.downstream.offer import Offer

__all__ = ["CANDIDATES", "SPARED_BY", "Binding", "Capability", "Uses", "bind", "bind_each"]

Capability = Literal[
    "calls.list",
    "calls.details",
    "calls.transcripts",
    "calls.analysis",
    "calls.coaching",
    "warehouse.query",
    "crm.deals",
    "crm.owners",
    "crm.analytics",
    "messages.search",
    "messages.history",
    "messages.channels",
    "messages.send",
    "documents.search",
    "documents.read",
    "documents.folder",
]

CANDIDATES: Mapping[Capability, tuple[str, ...]] = {
    "calls.list": ("list_calls", "gong_list_calls"),
    "calls.details": ("get_call_details", "search_calls", "gong_get_call"),
    "calls.transcripts": ("retrieve_transcripts", "get_call_transcript", "gong_get_call_transcript"),
    "calls.analysis": ("gong_call_analysis",),
    "calls.coaching": ("get_coaching_report",),
    "warehouse.query": ("execute_query", "execute_sql", "run_query", "read_query"),
    "crm.deals": ("list_deals", "hubspot-list-objects", "search_crm_objects", "soqlQuery", "run_soql_query"),
    "crm.owners": ("search_owners",),
    "crm.analytics": ("get_analytics",),
    "messages.search": (
        "search_messages",
        "slack_search_public",
        "slack_search_public_and_private",
        "conversations_search_messages",
    ),
    "messages.history": ("get_channel_history", "slack_read_channel", "conversations_history"),
    "messages.channels": ("list_channels", "slack_search_channels", "channels_list"),
    "messages.send": ("send_message", "slack_send_message"),
    "documents.search": ("notion-search", "API-post-search", "list_documents"),
    "documents.read": ("notion-fetch", "API-retrieve-page-markdown", "get_document", "read_text_file"),
    "documents.folder": ("search_files",),
}
"""Tool names that are known to have a capability; the first that a server offers is taken."""

SPARED_BY: Mapping[Capability, tuple[Capability, ...]] = {
    "crm.deals": ("warehouse.query",),
    "crm.owners": ("warehouse.query", "crm.deals"),
    "calls.details": ("calls.transcripts",),
}
"""Capabilities that nothing misses where one of these is bound."""

BESIDE: Mapping[Capability, tuple[Capability, ...]] = {"documents.read": ("documents.search", "documents.folder")}
"""Capabilities that mean nothing without one of these on the same server."""

TAKES: Mapping[tuple[Capability, str], str] = {("calls.details", "search_calls"): "callIds"}
"""Where servers mean different things by one name: the argument that the tool meant here takes."""

LEVELS: Mapping[str, Level] = {"get_call_transcript": "untimed"}
"""How much tools tell of a call that do not give sentences with times."""

ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "account": ("account", "accountName", "account_name", "crmAccountId", "accountId", "account_id"),
    "after": ("after", "cursor", "start_cursor", "offset"),
    "call_id": ("callId", "call_id", "id"),
    "call_ids": ("callIds", "call_ids"),
    "channel": ("channel", "channel_id", "filter_in_channel"),
    "cursor": ("cursor",),
    "document": ("id", "page_id", "document_id", "path", "documentId"),
    "from": ("fromDateTime", "from", "from_date", "start"),
    "latest": ("latest", "filter_date_before"),
    "limit": ("limit", "page_size", "maxRecords"),
    "oldest": ("oldest", "filter_date_after"),
    "path": ("path",),
    "query": ("query", "q", "search", "search_query", "question", "prompt"),
    "question": ("question", "query", "prompt", "ask", "text"),
    "soql": ("soql", "query", "q"),
    "sql": ("query", "sql", "statement"),
    "text": ("text", "message"),
    "to": ("toDateTime", "to", "to_date", "end"),
}
"""What we say -> the names under which tools take it; the first that the tool's own schema has is used."""

Uses = Mapping[str, CapabilityUse | None] | None
"""One server's `capabilities`: None finds out, otherwise by capability how to use it, None to find that out."""

AS_KNOWN = CapabilityUse()


@dataclass(frozen=True, slots=True)
class Binding:
    """A capability and the tool that has it, under the server's own name for it."""

    server: str
    tool: t.Tool
    use: CapabilityUse = field(default=AS_KNOWN)

    @property
    def level(self) -> Level | None:
        """How much the tool tells of a call, where it tells of calls at all and less than everything."""
        return LEVELS.get(self.tool.name)

    def takes(self, name: str) -> str | None:
        """Under which name the tool takes what we call `name`; None where it does not."""
        if name in self.use.arguments:
            return self.use.arguments[name]
        has = self._properties
        return next((known for known in ARGUMENTS.get(name, (name,)) if known in has), None)

    def arguments(self, **ours: Any) -> dict[str, Any]:
        """What to send: ours under the tool's names, without what is None or what it does not take."""
        sent = dict(self.use.given)
        for name, value in ours.items():
            theirs = self.takes(name)
            if theirs is not None and value is not None:
                sent[theirs] = value
        return sent

    @property
    def wanting(self) -> tuple[str, ...]:
        """Arguments that the tool requires and that nobody here knows: the operator has to give them."""
        required = cast("list[str]", self.tool.input_schema.get("required") or [])
        known = {name for names in ARGUMENTS.values() for name in names} | OURS
        return tuple(sorted(set(required) - known - set(self.use.given) - set(self.use.arguments.values())))

    @property
    def _properties(self) -> Mapping[str, Any]:
        return cast("Mapping[str, Any]", self.tool.input_schema.get("properties") or {})


OURS = frozenset(
    {"objectType", "properties", "associations", "rep", "pattern"}
    | {"channel_types", "content_types", "client_msg_id", "metric_type", "time_period"}
)
"""Arguments that adapters give under exactly this name."""


def bind(offers: Mapping[str, Offer], uses: Mapping[str, Uses]) -> Mapping[Capability, Binding]:
    """Bind every capability that some server has. `offers` and `uses` are by server, in configuration order."""
    each = bind_each(offers, uses)
    bound: dict[Capability, Binding] = {}
    for capability in CANDIDATES:
        group = capability.partition(".")[0]
        # Sorting is stable: among equals the order of the configuration stays.
        for server in sorted(each, key=lambda name: -_held(each[name], group)):
            if binding := each[server].get(capability):
                bound[capability] = binding
                break
    return bound


def bind_each(offers: Mapping[str, Offer], uses: Mapping[str, Uses]) -> Mapping[str, Mapping[Capability, Binding]]:
    """What each server by itself can be used for."""
    return {server: _of_server(server, offer, uses.get(server)) for server, offer in offers.items()}


def _of_server(server: str, offer: Offer, uses: Uses) -> Mapping[Capability, Binding]:
    tools = {tool.name: tool for tool in offer.tools}
    found: dict[Capability, Binding] = {}
    for capability, candidates in CANDIDATES.items():
        if uses is not None and capability not in uses:
            continue
        use = (uses[capability] if uses is not None else None) or AS_KNOWN
        names = (use.tool,) if use.tool else candidates
        tool = next((tools[name] for name in names if name in tools and _meant(capability, tools[name])), None)
        if tool is not None:
            found[capability] = Binding(server, tool, use)
    return {c: binding for c, binding in found.items() if c not in BESIDE or any(o in found for o in BESIDE[c])}


def _meant(capability: Capability, tool: t.Tool) -> bool:
    argument = TAKES.get((capability, tool.name))
    return argument is None or argument in (tool.input_schema.get("properties") or {})


def _held(bound: Mapping[Capability, Binding], group: str) -> int:
    return sum(capability.partition(".")[0] == group for capability in bound)
