"""Our own tools as clients see them: every agent and every team, published from the static catalog.

Nothing here imports Agno, so that `tools/list` is answered before Agno is. Every tool takes a `request` in words beside
its typed arguments; one of the two must be given. Every result has the same shape, `AgentResult`, with `data` typed by
what the agent's tools find.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import mcp_types as t

from agents.result import AgentResult
from agents.schema import schema_of
from agents.spec import AgentSpec
from teams.spec import TeamSpec

__all__ = ["MAX_REQUEST", "OwnTool", "own_tools"]

RESULT = schema_of(AgentResult)
MAX_REQUEST = 20_000
MAX_SESSION_ID = 128
MAX_ARGUMENT = 300
LONG_ARGUMENTS = frozenset({"sql", "query", "text"})

REQUEST = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_REQUEST,
    "description": "What you want to know, in plain words. May be left out when a typed argument says it.",
}
SESSION = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_SESSION_ID,
    "pattern": "^[a-zA-Z0-9_-]+$",
    "description": "The `session_id` of an earlier result of this tool. A follow-up such as “and the next steps?” then "
    "means what the question before it meant, where this tool remembers sessions; and calls that share one stay on the "
    "same route while traffic is being moved.",
}


@dataclass(frozen=True, slots=True)
class OwnTool:
    """One agent or team and its published form.

    `fields` are the arguments that a request in words may fill, for a team those of its members too; `intents` holds
    the cues by tool name.
    """

    kind: Literal["agent", "team"]
    spec: AgentSpec | TeamSpec
    form: t.Tool
    fields: frozenset[str]
    intents: Mapping[str, tuple[str, ...]]

    @property
    def name(self) -> str:
        """The published name."""
        return self.form.name

    @property
    def read_only(self) -> bool:
        """Whether it says of itself that it changes nothing; one that says nothing counts as one that does."""
        hints = self.form.annotations
        return hints is not None and hints.read_only_hint is True

    @property
    def members(self) -> tuple[AgentSpec, ...]:
        """The agents that do the work: the agent itself, or the team's members."""
        return (self.spec,) if isinstance(self.spec, AgentSpec) else self.spec.members


def own_tools(agents: Sequence[AgentSpec], teams: Sequence[TeamSpec]) -> Mapping[str, OwnTool]:
    """The catalog, by published name, agents first."""
    published = [_agent(spec) for spec in agents] + [_team(spec) for spec in teams]
    return {tool.name: tool for tool in published}


def _agent(spec: AgentSpec) -> OwnTool:
    form = _form(spec.id, spec, _inputs(spec), _output(_agent_data(spec)), read_only=spec.read_only)
    intents = {tool.name: tool.cues for tool in spec.tools}
    return OwnTool("agent", spec, form, frozenset(spec.arguments.model_fields), intents)


def _team(spec: TeamSpec) -> OwnTool:
    # What a member's tools find is typed in the member's own tool; repeated here it would make the list ten times as long.
    data = _object({member.id: {"type": "object"} for member in spec.members})
    read_only = all(member.read_only for member in spec.members)
    form = _form(spec.tool, spec, _inputs(spec), _output(data), read_only=read_only)
    intents = {tool.name: tool.cues for member in spec.members for tool in member.tools}
    fields = frozenset(spec.arguments.model_fields).union(*(member.arguments.model_fields for member in spec.members))
    return OwnTool("team", spec, form, fields, intents)


def _form(
    name: str, spec: AgentSpec | TeamSpec, inputs: dict[str, Any], output: dict[str, Any], *, read_only: bool
) -> t.Tool:
    return t.Tool(
        name=name,
        title=spec.title,
        description=spec.description,
        input_schema=inputs,
        output_schema=output,
        annotations=t.ToolAnnotations(
            title=spec.title,
            read_only_hint=read_only,
            destructive_hint=False,
            idempotent_hint=read_only,
            open_world_hint=False,
        ),
    )


def _inputs(spec: AgentSpec | TeamSpec) -> dict[str, Any]:
    typed = schema_of(spec.arguments)
    return {
        "type": "object",
        "properties": {
            "request": REQUEST,
            **{name: _bounded(name, schema) for name, schema in typed.get("properties", {}).items()},
            "session_id": SESSION,
        },
        "additionalProperties": False,
    }


def _bounded(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of an argument with a limit to its text: names are short, and whatever reads them may be slow."""
    most = MAX_REQUEST if name in LONG_ARGUMENTS else MAX_ARGUMENT
    if "anyOf" in schema:
        return {**schema, "anyOf": [_bounded(name, one) for one in schema["anyOf"]]}
    free = schema.get("type") == "string" and "enum" not in schema and "format" not in schema
    return {**schema, "maxLength": most} if free else {**schema}


def _agent_data(spec: AgentSpec) -> dict[str, Any]:
    found = {tool.name: {"type": "array", "items": schema_of(tool.data)} for tool in spec.tools}
    existing = {"type": "object", "description": "what the existing tool said, where the downstream route served"}
    return _object({**found, "downstream": existing})


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _output(data: dict[str, Any]) -> dict[str, Any]:
    return {**RESULT, "properties": {**RESULT["properties"], "data": data}}
