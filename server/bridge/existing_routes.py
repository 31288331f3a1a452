"""The agno routes of tools that existed before their agent: which agent answers, which calls, and in whose words.

The other direction of `mapped_routes`. Old clients call the old tool under its old name and must not notice who served
them, so an agent takes only what it can answer in the tool's own keys with the tool's own meaning; everything else stays
with the tool's server. That also holds for what only turns out on the way (`NotExpressible`): a call that does not exist
gets the old tool's own error. Which servers' tools have such a route says `agno_routes` in `downstream.yaml`, and none
of them serves anybody before its rollout begins.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from agents.call_tools.call_statistics import CALL_STATISTICS, CallStatistics, StatisticsData
from agents.outcome import Answered
from agents.sources import CallScope, CallSource, SourceError, Sources
from server.bridge.decision import AgnoMapping
from server.bridge.old_call_analysis import basic_analysis
from server.config.names import AgentId, ExistingToolId
from server.config.servers import DownstreamServer
from server.downstream.naming import Published, published_as
from server.errors import ModelFailed, NotExpressible, SourceDown

__all__ = ["EXISTING_ROUTES", "ExistingRoute", "ExistingTool", "existing_tools"]

Arguments = Mapping[str, Any]
Worn = dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class ExistingRoute:
    """How an agent serves an existing tool.

    `told` gives what a decision is told of a call's arguments: their names, and `name=value` where the value decides
    whether the agent can express the call. `wear` makes the tool's structured result of the agent's answer; it raises
    NotExpressible, SourceDown and ModelFailed, each of which leaves the call to the tool's server.
    """

    tool: ExistingToolId
    agent: AgentId
    intent: str
    mapping: AgnoMapping
    told: Callable[[Arguments], frozenset[str]]
    asked: Callable[[Arguments], dict[str, JsonValue]]
    wear: Callable[[Answered, Arguments, Sources], Awaitable[Worn]]


@dataclass(frozen=True, slots=True)
class ExistingTool:
    """One published tool that has such a route."""

    name: str
    server: str
    route: ExistingRoute

    def is_at(self, published: Published) -> bool:
        """Whether the published name leads to this tool and not to another that took its name."""
        return (published.server, published.original) == (self.server, self.route.tool)


def existing_tools(servers: Mapping[str, DownstreamServer]) -> dict[str, ExistingTool]:
    """The tools that the configuration gives an agno route, by published name."""
    named = [
        ExistingTool(published_as(server.prefix, tool), name, EXISTING_ROUTES[tool])
        for name, server in servers.items()
        if not server.disabled
        for tool in server.agno_routes
    ]
    return {tool.name: tool for tool in reversed(named)}  # of two that want one name the first has it


def _analysis_told(arguments: Arguments) -> frozenset[str]:
    told = {name for name in arguments if name not in {"analysis_type", "include_transcript"}}
    if "analysis_type" in arguments:
        told.add(f"analysis_type={arguments['analysis_type']}")
    if arguments.get("include_transcript"):
        told.add("include_transcript")
    return frozenset(told)


async def _analysis(answered: Answered, arguments: Arguments, sources: Sources) -> Worn:
    call_id = str(arguments["call_id"])
    if sources.calls is None:
        raise SourceDown("The recorded calls are away.", delivered=False)
    try:
        return await _analysed(call_id, _measured(answered, call_id), sources.calls)
    except SourceError as error:
        kind = NotExpressible if error.kind == "not_found" else SourceDown
        raise kind(error.message, delivered=False) from error


async def _analysed(call_id: str, measured: CallStatistics | None, calls: CallSource) -> Worn:
    call = next(iter(await calls.find(CallScope(call_id=call_id))), None)
    transcript = None if call is None or call.private else await calls.transcript(call_id)
    if call is None or transcript is None or not transcript.sentences:
        raise NotExpressible(f"There is nothing of call {call_id[:40]} that agents may read.", delivered=False)
    backwards = any(sentence.end_ms < sentence.start_ms for sentence in transcript.sentences)
    if backwards or transcript.level != "timed" or (measured is not None and measured.basis != "time"):
        raise NotExpressible(f"The words of call {call_id[:40]} have no reliable times.", delivered=False)
    if measured is None:
        raise ModelFailed("The agent's model did not have the call measured.", delivered=False)
    return basic_analysis(call, transcript, measured)


def _measured(answered: Answered, call_id: str) -> CallStatistics | None:
    payloads = answered.data.get(CALL_STATISTICS.name)
    given = [StatisticsData.model_validate(one) for one in payloads] if isinstance(payloads, list) else []
    return next((call for data in given for call in data.calls if call.call.call_id == call_id), None)


BASIC = frozenset({"call_id", "analysis_type=basic"})
"""`detailed`, the old tool's default, `coaching` and `sentiment` are what its keyword lists find, which no agent does."""

EXISTING_ROUTES: Mapping[ExistingToolId, ExistingRoute] = {
    "gong_call_analysis": ExistingRoute(
        tool="gong_call_analysis",
        agent="gong_intelligence",
        intent=CALL_STATISTICS.name,
        mapping=AgnoMapping(required=BASIC, expressible=BASIC),
        told=_analysis_told,
        asked=lambda arguments: {"call_id": str(arguments.get("call_id")), "beside": False},
        wear=_analysis,
    )
}
