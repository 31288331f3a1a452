"""The downstream routes of our own tools: which existing tool answers the same question, and how its answer is worn.

Each says which intents it knows, what it needs and what it can express; a call with anything else does not go there.
Its answer is wrapped into the agent's result, so that both routes give the same shape; what the existing tool itself
said stands whole under `data.downstream`. No model takes part.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from pydantic import BaseModel, JsonValue

from agents.analysis.periods import parse_period
from agents.call_tools.evidence import clock
from agents.call_tools.manager_relation import relation_question
from agents.message_tools.search import SEARCH_MESSAGES
from agents.outcome import Answered
from agents.result import CallCitation, Finding
from agents.sources import SourceError, Sources
from agents.tool import AnyTool, Observation
from agents.warehouse_tools.metric import METRIC
from server.bridge.decision import DownstreamMapping
from server.downstream.adapters.messages import McpMessages
from server.downstream.adapters.warehouse import McpWarehouse
from server.downstream.capabilities import Binding, Capability
from server.downstream.connection import Connection
from server.downstream.proxy import call_for_json
from server.errors import NotFound, SourceDown, SourceFailed

__all__ = ["MAPPED_ROUTES", "MappedRoute"]

Arguments = Mapping[str, JsonValue]
Serve = Callable[[Connection, Binding, Arguments], Awaitable[Answered]]
SHOWN = 5


@dataclass(frozen=True, slots=True)
class MappedRoute:
    """One of our tools and the capability of an existing server that can serve it, for these calls. It only reads."""

    tool: str
    capability: Capability
    intents: frozenset[str]
    required: frozenset[str]
    expressible: frozenset[str]
    serve: Serve

    def mapping(self, binding: Binding) -> DownstreamMapping:
        """What a decision needs to know of it, bound to a server."""
        return DownstreamMapping(binding.server, self.intents, self.required, self.expressible)


async def _call_analysis(connection: Connection, binding: Binding, arguments: Arguments) -> Answered:
    found = await call_for_json(connection, binding.tool.name, {"call_id": arguments["call_id"]})
    objections = [_moment(found, quoted) for quoted in found.get("objections", ())]
    steps = [_moment(found, quoted) for quoted in found.get("next_steps", ())]
    findings = [_candidate("Possible objection", moment) for moment in objections]
    findings += [_candidate("Possible next step", moment) for moment in steps]
    ratio = found.get("talk_ratio")
    lines = [
        f"**{found.get('title')}**, {str(found.get('started'))[:10]}, {float(found.get('duration_s') or 0) / 60:.0f} min",
        *([f"- Talk ratio of the seller: {ratio:.0%}"] if isinstance(ratio, int | float) else []),
        *_listed("Possible objections", objections),
        *_listed("Possible next steps", steps),
    ]
    return Answered(
        answer="\n".join(lines),
        model="",
        findings=tuple(findings),
        citations=tuple({moment.id: moment for moment in (*objections, *steps)}.values()),
        data={"downstream": cast("JsonValue", found)},
        notes=_notes(found),
    )


async def _coaching_report(connection: Connection, binding: Binding, arguments: Arguments) -> Answered:
    asked: dict[str, Any] = {"rep": arguments["rep"]}
    if (text := arguments.get("period")) is not None:
        # The period arrives in its canonical form, absolute: the day it counts back from no longer matters.
        period = parse_period(str(text), date.max)
        if period is not None and not period.is_all:
            asked |= {"from": period.from_date.isoformat(), "to": period.to_date.isoformat()}
    found = await call_for_json(connection, binding.tool.name, asked)
    if arguments.get("relation") is None and not found.get("synthetic"):
        return Answered(answer=relation_question(str(arguments["rep"])), model="")
    averages = cast("Mapping[str, float | None]", found.get("averages") or {})
    observations = cast("Sequence[Mapping[str, Any]]", found.get("observations") or ())
    lines = [f"**{found.get('rep') or arguments['rep']}**: {found.get('calls_analyzed') or 0} calls analysed"]
    lines += [f"- {name.replace('_', ' ')}: {value}" for name, value in averages.items() if value is not None]
    lines += [f"- {seen.get('advice')}" for seen in observations if seen.get("advice")]
    return Answered(
        answer="\n".join(lines), model="", data={"downstream": cast("JsonValue", found)}, notes=_notes(found)
    )


async def _named_metric(connection: Connection, binding: Binding, arguments: Arguments) -> Answered:
    """The SQL of a named metric, sent to the server as it is; the rows are read as the agent's own tool reads them."""
    parameters = METRIC.parameters.model_validate(dict(arguments))
    return await _observed(METRIC, Sources(warehouse=McpWarehouse(connection, binding)), parameters)


async def _observed(tool: AnyTool, sources: Sources, parameters: BaseModel) -> Answered:
    """What an agent's own tool makes of it."""
    try:
        seen: Observation = await tool.run(sources, parameters)
    except SourceError as error:
        kinds = {"unavailable": SourceDown, "not_found": NotFound, "refused": SourceFailed}
        raise kinds[error.kind](error.message) from error
    return Answered(
        answer=seen.text,
        model="",
        findings=seen.findings,
        citations=seen.citations,
        data={tool.name: [seen.data.model_dump(mode="json")]},
        notes=seen.notes,
    )


async def _crm_analytics(connection: Connection, binding: Binding, arguments: Arguments) -> Answered:
    asked: dict[str, Any] = {"metric_type": "pipeline", "time_period": "all", "pipeline": arguments.get("region")}
    if (text := arguments.get("period")) is not None:
        period = parse_period(str(text), date.max)
        if period is not None and not period.is_all:
            asked |= {"from": period.from_date.isoformat(), "to": period.to_date.isoformat()}
            del asked["time_period"]
    asked = {name: value for name, value in asked.items() if value is not None}
    found = await call_for_json(connection, binding.tool.name, asked)
    metrics = cast("Mapping[str, Any]", found.get("metrics") or {})
    defined = cast("Mapping[str, str]", found.get("definitions") or {})
    where = f" in {found['pipeline']}" if found.get("pipeline") else ""
    lines = [f"**Pipeline{where}, {found.get('from') or 'the beginning'} to {found.get('to')}**", ""]
    lines += [f"- {_said(name, value)}" for name, value in metrics.items() if value is not None]
    lines += ["", *(f"- {name.replace('_', ' ')}: {meaning}" for name, meaning in defined.items())]
    return Answered(
        answer="\n".join(lines), model="", data={"downstream": cast("JsonValue", found)}, notes=_notes(found)
    )


async def _messages_found(connection: Connection, binding: Binding, arguments: Arguments) -> Answered:
    """The search of the server, read as the agent's own tool reads it. Posting has no route of its own on purpose:
    one way to post is enough to promise that a message is posted once."""
    parameters = SEARCH_MESSAGES.parameters.model_validate(dict(arguments))
    source = McpMessages({"messages.search": (connection, binding)})
    return await _observed(SEARCH_MESSAGES, Sources(messages=source), parameters)


MAPPED_ROUTES: Mapping[str, MappedRoute] = {
    route.tool: route
    for route in (
        MappedRoute(
            tool="gong_intelligence",
            capability="calls.analysis",
            intents=frozenset({"call_brief"}),
            required=frozenset({"call_id"}),
            expressible=frozenset({"call_id"}),
            serve=_call_analysis,
        ),
        MappedRoute(
            tool="sales_coach",
            capability="calls.coaching",
            intents=frozenset({"coaching_report"}),
            required=frozenset({"rep"}),
            expressible=frozenset({"rep", "period", "relation"}),
            serve=_coaching_report,
        ),
        MappedRoute(
            tool="snowflake_analyst",
            capability="warehouse.query",
            intents=frozenset({"metric"}),
            required=frozenset({"metric"}),
            expressible=frozenset(METRIC.parameters.model_fields),
            serve=_named_metric,
        ),
        MappedRoute(
            tool="hubspot_crm",
            capability="crm.analytics",
            intents=frozenset({"pipeline_overview"}),
            required=frozenset(),
            expressible=frozenset({"region", "period"}),
            serve=_crm_analytics,
        ),
        MappedRoute(
            tool="slack_orchestrator",
            capability="messages.search",
            intents=frozenset({"search_messages"}),
            required=frozenset({"query"}),
            expressible=frozenset({"query", "channel", "period"}),
            serve=_messages_found,
        ),
    )
}


def _moment(found: Mapping[str, Any], quoted: Mapping[str, Any]) -> CallCitation:
    start_ms, end_ms = round(float(quoted["start_s"]) * 1000), round(float(quoted["end_s"]) * 1000)
    return CallCitation(
        id=f"call:{found['call_id']}@{start_ms}",
        call_id=str(found["call_id"]),
        call_title=str(found.get("title")),
        start_ms=start_ms,
        end_ms=end_ms,
        speaker=str(quoted.get("speaker")),
        quote=str(quoted.get("text")),
    )


def _candidate(what: str, moment: CallCitation) -> Finding:
    return Finding(statement=f"{what}: “{moment.quote}”", kind="candidate", citations=[moment.id], confidence=0.3)


def _listed(title: str, moments: Sequence[CallCitation]) -> list[str]:
    if not moments:
        return []
    shown = [f"- [{clock(m.start_ms or 0)} {m.speaker}] “{m.quote}”" for m in moments[:SHOWN]]
    return [f"\n{title} ({len(moments)}, found by keywords)", *shown]


def _said(name: str, value: Any) -> str:
    """A figure under its name: shares in percent, sums with their thousands, counts by kind in a row."""
    if isinstance(value, dict):
        by = cast("Mapping[str, int]", value)
        return f"{name.replace('_', ' ')}: " + ", ".join(f"{kind} {count:,}" for kind, count in by.items())
    if name.endswith("_rate"):
        return f"{name.replace('_', ' ')}: {value:.1%}"
    return f"{name.replace('_', ' ')}: {value:,}" if isinstance(value, int | float) else f"{name}: {value}"


def _notes(found: Mapping[str, Any]) -> tuple[str, ...]:
    notes = [str(found["note"])] if found.get("note") else []
    if found.get("synthetic"):
        notes.append("These calls are synthetic: invented for demonstration.")
    if found.get("method"):
        notes.append(f"Method of the existing tool: {found['method']}")
    return tuple(notes)
