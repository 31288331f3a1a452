"""The first system's `agno_integration.yaml` loads as it is: read here into our shape, with a warning for the rest.

What has another name here is read under ours. What means nothing any more is set aside, and the warning says what
replaces it (`first_system.yaml` beside this file). A key that was never a key of either system is left for the models
to refuse. Only an operator's file is read so: variables and settings are written for this release.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

from server.config.agno_integration import AgnoIntegrationFile
from server.config.documents import Value, read_document
from server.config.layers import Layer
from server.config.problems import Keys, Problem, advise, counted, dotted
from server.config.schema import type_at
from server.config.values import provider_model

GONE_FILE: Final = Path(__file__).with_name("first_system.yaml")
TEAM_KEYS: Final[Mapping[str, str]] = {"coordination_mode": "mode", "performance_target_ms": "response_timeout_ms"}
"""What a team's keys were called, and what they are called here."""

VENDOR_KEYS: Final[Mapping[str, str]] = {"anthropic": "ANTHROPIC_API_KEY", "openai": "OPENAI_API_KEY"}
FORMER_SERVICES: Final = frozenset(
    [
        "ai_memory",
        "airbyte",
        "apify",
        "arize",
        "asana",
        "claude",
        "docker",
        "estuary",
        "github",
        "huggingface",
        "intercom",
        "lambda_labs",
        "notion",
        "openrouter",
        "pinecone",
        "portkey",
        "pulumi",
        "retool",
        "tavily",
        "together_ai",
        "weaviate",
    ]
)
"""The first system's services for which this release brings no server of its own."""

_TOP: Final = "agno_integration"
_ANY: Final = "*"


@dataclass(slots=True)
class _Reading:
    """One file being read: what is said about it, gathered by what is said."""

    layer: Layer
    services: Collection[str]
    said: dict[tuple[str, str, str], list[Keys]] = field(default_factory=dict[tuple[str, str, str], list[Keys]])
    problems: list[Problem] = field(default_factory=list[Problem])

    def warn(self, keys: Keys, message: str, advice: str) -> None:
        name = str(next(key for key in reversed(keys) if isinstance(key, str)))
        self.said.setdefault((name, message, advice), []).append(keys)

    def warnings(self) -> list[Problem]:
        """One warning for all places of which the same is to be said."""
        return [self._warning(places, message, advice) for (_, message, advice), places in self.said.items()]

    def _warning(self, places: list[Keys], message: str, advice: str) -> Problem:
        others = f" (and in {counted(len(places) - 1, 'more place')})" if len(places) > 1 else ""
        source = self.layer.source(places[0])
        return Problem(source.place, dotted(places[0]), message + others, advice, source.line)


@dataclass(frozen=True, slots=True)
class Read:
    """An operator's file with the first system's keys read or set aside, and what to say of them. `problems` are keys
    inside a group of the first system that it did not have."""

    layer: Layer
    warnings: list[Problem]
    problems: list[Problem]


def read_first_system(layer: Layer, services: Collection[str]) -> Read:
    """The file, for this release. `services` are the names that `mcp_services` may hold."""
    reading = _Reading(Layer(layer.tree, dict(layer.sources)), services)
    gone = cast("Mapping[str, Value]", read_document(GONE_FILE).tree)
    tree = _set_aside(reading, (), layer.tree, gone)
    top = tree.get(_TOP)
    if isinstance(top, dict):
        _read_teams(reading, top)
        _read_agents(reading, top)
    return Read(Layer(tree, reading.layer.sources), reading.warnings(), reading.problems)


def _set_aside(
    reading: _Reading, keys: Keys, values: Mapping[str, Value], gone: Mapping[str, Value]
) -> dict[str, Value]:
    kept: dict[str, Value] = {}
    for name, value in values.items():
        here = (*keys, name)
        entry = gone.get(name, gone.get(_ANY))
        ours = type_at(AgnoIntegrationFile, here if name in gone else keys) is not None
        if isinstance(entry, str):
            reading.warn(here, "was a key of the first system and has no effect", entry)
        elif isinstance(entry, dict) and isinstance(value, dict):
            inner = _set_aside(reading, here, value, entry)
            if ours:
                kept[name] = inner
            else:
                _refuse_rest(reading, here, inner, entry)
        elif ours or entry is None or value is not None:
            kept[name] = value
    return kept


def _refuse_rest(reading: _Reading, keys: Keys, rest: Mapping[str, Value], known: Mapping[str, Value]) -> None:
    for name in rest:
        source = reading.layer.source((*keys, name))
        where = dotted((*keys, name))
        reading.problems.append(Problem(source.place, where, "unknown key", advise(name, tuple(known)), source.line))


def _groups(top: Mapping[str, Value], name: str) -> list[tuple[Keys, dict[str, Value]]]:
    """Each group below the group `name`: every agent's, or every team's."""
    group = top.get(name)
    inner = group.items() if isinstance(group, dict) else ()
    return [((_TOP, name, one), values) for one, values in inner if isinstance(values, dict)]


def _read_teams(reading: _Reading, top: Mapping[str, Value]) -> None:
    for keys, team in _groups(top, "team_configs"):
        for former, name in TEAM_KEYS.items():
            if former in team and name not in team:
                team[name] = team.pop(former)
                reading.layer.sources[(*keys, name)] = reading.layer.source((*keys, former))
                reading.warn((*keys, former), f"is called {name} here, and was read as that", f"rename it to {name}")
        members = team.get("members")
        if isinstance(members, list):
            team["members"] = [_member(reading, (*keys, "members", at), member) for at, member in enumerate(members)]


def _member(reading: _Reading, keys: Keys, member: Value) -> Value:
    """The agent's name out of `{name: ..., role: ...}`."""
    if not isinstance(member, dict) or "name" not in member or member.keys() - {"name", "role"}:
        return member
    reading.warn(keys, "was read as the name of the agent; its role has no effect", "write a list of names")
    return member["name"]


def _read_agents(reading: _Reading, top: dict[str, Value]) -> None:
    defaults = top.get("default_agent_config")
    agents = _groups(top, "agent_overrides")
    if isinstance(defaults, dict):
        agents.append(((_TOP, "default_agent_config"), defaults))
    for keys, agent in agents:
        model = agent.get("model")
        if isinstance(model, dict) and model.keys() <= {"type", "id"}:
            del agent["model"]
            reading.warn((*keys, "model"), "is one name here; the model was left as it is", _model_advice(model))
        named = agent.get("mcp_services")
        if isinstance(named, list):
            agent["mcp_services"] = _services(reading, (*keys, "mcp_services"), named)


def _model_advice(model: Mapping[str, Value]) -> str:
    written = provider_model(str(model.get("id", "")))
    if written is None:
        return "write model: provider:id, such as anthropic:... or openai:..."
    key = VENDOR_KEYS.get(written.partition(":")[0])
    return f"write model: {written}" + (f", and set {key}" if key else "")


def _services(reading: _Reading, keys: Keys, named: list[Value]) -> list[Value]:
    former = FORMER_SERVICES.difference(reading.services)
    kept: list[Value] = []
    for at, name in enumerate(named):
        if isinstance(name, str) and name in former:
            advice = "name a server of downstream.yaml, or knowledge for the documents of your servers"
            reading.warn((*keys, at), f"names {name}, which is no server here, and was left out", advice)
        else:
            reading.layer.sources[(*keys, len(kept))] = reading.layer.source((*keys, at))
            kept.append(name)
    return kept
