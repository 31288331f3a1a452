"""Outcomes as MCP results: one shape for what was answered, one for what failed.

The text of an answer is complete for a client that shows only text: the prose, its caveats, its sources, and a line
that says who served it. The structured content is the same answer as data.
"""

import io
from typing import Any

import mcp_types as t
from pydantic import JsonValue

from agents.call_tools.evidence import clock
from agents.result import AgentResult, CallCitation, Citation, MessageCitation, QueryCitation
from server.bridge.decision import Decision
from server.bridge.sharing import Share
from server.errors import SophiaError

__all__ = [
    "META_DECISION",
    "META_FALLBACK",
    "META_REASONS",
    "META_ROUTE",
    "answered",
    "failed",
    "served_meta",
    "shared_meta",
]

META_DECISION = "sophia/decision"
META_ROUTE = "sophia/route"
META_REASONS = "sophia/reasons"
META_FALLBACK = "sophia/fallback_reason"
META_ERROR = "sophia/error"
META_SHARED = "sophia/shared"
META_CACHED = "sophia/cached"

SHOWN_SOURCES = 12
SHOWN_SQL = 160
PLAIN_WIDTH = 100


def served_meta(
    decision_id: str, decision: Decision, route: str | None, fallback_reason: str | None = None
) -> dict[str, Any]:
    """How a call was served, for `_meta`; on a proxied result it stands beside the server's own keys."""
    meta: dict[str, Any] = {
        META_DECISION: decision_id,
        META_ROUTE: route,
        META_REASONS: [f"{reason.rule}: {reason.text}" for reason in decision.reasons],
    }
    return meta | ({META_FALLBACK: fallback_reason} if fallback_reason else {})


def shared_meta(share: Share) -> dict[str, Any]:
    """How a call came to the answer of another one, for `_meta`; nothing where it had a run of its own."""
    if share.age_s is not None:
        return {META_CACHED: {"age_s": round(share.age_s, 3)}}
    return {META_SHARED: True} if share.joined else {}


def answered(result: AgentResult, meta: dict[str, Any], *, markdown: bool, show_tool_calls: bool) -> t.CallToolResult:
    """The result of our own tool."""
    text = _text(result, show_tool_calls=show_tool_calls)
    return t.CallToolResult(
        content=[t.TextContent(text=text if markdown else _plain(text))],
        structured_content=result.model_dump(mode="json"),
        _meta=meta,
    )


def failed(error: SophiaError, meta: dict[str, Any]) -> t.CallToolResult:
    """An error result: the message for a person, and for a program what kind it is and when to try again."""
    detail: dict[str, Any] = {"kind": error.kind, "retryable": error.retryable}
    if error.retry_after_s is not None:
        detail["retry_after_s"] = error.retry_after_s
    return t.CallToolResult(
        content=[t.TextContent(text=error.message)], is_error=True, _meta={**meta, META_ERROR: detail}
    )


def _text(result: AgentResult, *, show_tool_calls: bool) -> str:
    parts = [result.answer.strip()]
    if notes := [note for note in result.notes if note not in result.answer]:
        parts.append("Notes\n" + "\n".join(f"- {note}" for note in notes))
    if sources := _sources(result):
        parts.append("Sources\n" + sources)
    if show_tool_calls and (called := _called(result.data)):
        parts.append(f"Tools: {', '.join(called)}")
    parts.append(f"_{_served(result)}_")
    return "\n\n".join(part for part in parts if part)


def _sources(result: AgentResult) -> str:
    """What the answer refers to and does not show; all of it where the answer refers to nothing by its place.

    A quote that stands in the answer has its place beside it there.
    """
    unseen = [one for one in result.citations if isinstance(one, QueryCitation) or one.quote not in result.answer]
    placed = [one for one in unseen if isinstance(one, QueryCitation) or f"[{_place(one)}]" in result.answer]
    chosen = placed if any(not isinstance(one, QueryCitation) for one in placed) or "] “" in result.answer else unseen
    shown = chosen[:SHOWN_SOURCES]
    lines = [f"- {_source(citation)}" for citation in shown]
    if more := len(unseen) - len(shown):
        lines.append(f"- {'and ' * bool(shown)}{more} more in the structured result")
    return "\n".join(lines)


def _source(citation: Citation) -> str:
    match citation:
        case CallCitation():
            return f"[{_place(citation)}] “{citation.quote}” ({citation.call_title}, call {citation.call_id})"
        case QueryCitation():
            return f"[SQL] `{_brief(citation.sql)}` ({citation.rows} {'row' if citation.rows == 1 else 'rows'})"
        case MessageCitation():
            return f"[{_place(citation)}] “{citation.quote}”"


def _place(citation: CallCitation | MessageCitation) -> str:
    """Where a quote stands, as answers refer to it."""
    if isinstance(citation, MessageCitation):
        return f"{citation.channel} {citation.author}"
    if citation.start_ms is None:
        return f"sentence {citation.sentence}, {citation.speaker}"
    return f"{clock(citation.start_ms)} {citation.speaker}"


def _brief(sql: str) -> str:
    """SQL on one line; the structured result has it whole."""
    line = " ".join(sql.split())
    return line if len(line) <= SHOWN_SQL else f"{line[:SHOWN_SQL]}…"


def _called(data: dict[str, JsonValue]) -> list[str]:
    """The tools that gave data, in the order they were called; a team's are named with their member."""
    called: list[str] = []
    for name, given in data.items():
        called.extend([f"{name}.{tool}" for tool in given] if isinstance(given, dict) else [name])
    return called


def _served(result: AgentResult) -> str:
    by = result.served_by
    who = (
        by.agent
        if not by.members
        else f"{by.agent} ({', '.join(_member(m.id, m.status, m.reason) for m in by.members)})"
    )
    model = f", model {by.model}" if by.model else ""
    as_of = f", as of {result.as_of}" if result.as_of else ""
    fallback = f", after a fallback: {by.fallback_reason}" if by.fallback_reason else ""
    return f"{who} on route {by.route}{model}{as_of}, {result.timing_ms.total:.0f} ms, decision {by.decision_id}{fallback}"


def _member(member: str, status: str, reason: str | None) -> str:
    return member if status == "answered" and not reason else f"{member}: {reason or status}"


def _plain(markdown: str) -> str:
    from rich.console import Console
    from rich.markdown import Markdown

    page = io.StringIO()
    Console(file=page, width=PLAIN_WIDTH, no_color=True, force_terminal=False).print(Markdown(markdown))
    # Rich fills every line with blanks up to the width, which a model would have to read.
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines()).strip()
