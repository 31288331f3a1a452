"""From files and variables to one `Configuration`, or to every reason why there is none.

Later wins: the packaged defaults, the operator's directory, the `SOPHIA_*` environment, the settings of the policy. An
operator's `mcpServers` replace the packaged ones as a whole, so that own servers and sample data never mix.
Nothing is read but these files: no network, no secret, and no program is run.
"""

from collections.abc import Collection, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Generic, cast

from server.config.agno_integration import CURRENT_MODE, FORMER_MODE, AgnoIntegrationFile, settle_agent, settle_team
from server.config.budgets import unknown_budgets
from server.config.checks import missing_references, written_secrets
from server.config.configuration import Configuration, Files
from server.config.documents import Value, read_document
from server.config.downstream import DownstreamFile
from server.config.environment import read_environment, referenced_variables
from server.config.first_system import read_first_system
from server.config.foreign import set_aside_foreign
from server.config.layers import Layer, Source, layer_of, overlay
from server.config.names import AGENT_IDS, SERVICES, TEAM_IDS
from server.config.places import (
    AGNO_FILE,
    DOWNSTREAM_FILE,
    OperatorFiles,
    defaults_dir,
    operator_files,
)
from server.config.problems import ConfigurationError, Keys, Problem, dotted
from server.config.servers import digest, settle_downstream
from server.config.settings import settings_layer
from server.config.validation import Model, validate

_REPLACED_AS_A_WHOLE = (("mcpServers",),)
_NO_SETTINGS: Mapping[str, Value] = MappingProxyType({})
_SHOWN_AS_A_WHOLE = frozenset({"capabilities"})


@dataclass(slots=True)
class _Findings:
    """Problems and warnings, gathered over all steps so that one load reports all of them."""

    problems: list[Problem] = field(default_factory=list[Problem])
    warnings: list[Problem] = field(default_factory=list[Problem])

    @contextmanager
    def collecting(self) -> Generator[None]:
        try:
            yield
        except ConfigurationError as fault:
            self.problems.extend(fault.problems)


@dataclass(frozen=True, slots=True)
class _Valid(Generic[Model]):
    """A file that passed its model, with the layers it was merged from."""

    file: Model
    layer: Layer


@dataclass(frozen=True, slots=True)
class Check:
    """What `sophia config check` found; `configuration` is there exactly if there is no problem."""

    configuration: Configuration | None
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    """Where a load looks: the operator's files, and the settings of a version of the policy."""

    files: Files
    settings: Mapping[str, Value]
    version: int | None


def load(
    config_dir: Path | None,
    environ: Mapping[str, str],
    settings: Mapping[str, Value] = _NO_SETTINGS,
    version: int | None = None,
) -> Configuration:
    """The configuration in effect; raises `ConfigurationError` with every problem there is.

    Without `config_dir`, `SOPHIA_CONFIG_DIR` names the operator's directory; without both there is none. `settings` are
    those of the policy's `version`: dotted keys below `agno_integration`, which win over everything else.
    """
    return load_again(Files(config_dir, environ), settings, version)


def load_again(files: Files, settings: Mapping[str, Value], version: int | None) -> Configuration:
    """The configuration as these files say it now, with the settings of a version of the policy on top.

    Raises ConfigurationError.
    """
    configuration, _, findings = _load(_Asked(files, settings, version))
    if configuration is None:
        raise ConfigurationError(findings.problems)
    return configuration


def check(
    config_dir: Path | None,
    environ: Mapping[str, str],
    settings: Mapping[str, Value] = _NO_SETTINGS,
    version: int | None = None,
) -> Check:
    """Load, and look further: whether the references of the enabled servers lead anywhere now."""
    configuration, servers, findings = _load(_Asked(Files(config_dir, environ), settings, version))
    if servers is not None:
        findings.warnings += missing_references(servers.file, servers.layer, environ)
    return Check(configuration, tuple(findings.problems), tuple(findings.warnings))


def _load(asked: _Asked) -> tuple[Configuration | None, _Valid[DownstreamFile] | None, _Findings]:
    findings = _Findings()
    files = OperatorFiles()
    with findings.collecting():
        files = operator_files(asked.files.config_dir, asked.files.environ)
    findings.warnings += files.warnings
    reached = _downstream_layer(files.downstream, findings)
    servers = _valid_downstream(reached, findings)
    services = _services(reached)
    said = _agno_layer(files.agno, services, findings)
    said = overlay(said, _variables(asked.files.environ, reached, findings))
    said = overlay(said, _settings(asked, findings))
    integration = _valid_agno(said, services, findings)
    _look_at_budgets(reached, said, findings)
    if not servers or not integration or findings.problems:
        return None, servers, findings
    return _assemble(asked.files, integration, servers, findings), servers, findings


def _downstream_layer(operators: Path | None, findings: _Findings) -> Layer:
    layer = layer_of(read_document(defaults_dir() / DOWNSTREAM_FILE), "packaged")
    if operators is not None:
        with findings.collecting():
            own = layer_of(read_document(operators), "file")
            layer = overlay(layer, own, whole=_REPLACED_AS_A_WHOLE)
    return layer


def _valid_downstream(layer: Layer, findings: _Findings) -> _Valid[DownstreamFile] | None:
    tree, warnings = set_aside_foreign(layer)
    findings.warnings += warnings
    with findings.collecting():
        file = validate(DownstreamFile, tree, layer)
        findings.warnings += written_secrets(file, layer)
        return _Valid(file, layer)
    return None


def _services(reached: Layer) -> list[str]:
    """The names that `mcp_services` may hold."""
    servers = reached.tree.get("mcpServers")
    return [*dict.fromkeys((*(servers if isinstance(servers, dict) else ()), *SERVICES))]


def _agno_layer(operators: Path | None, services: Collection[str], findings: _Findings) -> Layer:
    layer = layer_of(read_document(defaults_dir() / AGNO_FILE), "packaged")
    if operators is not None:
        with findings.collecting():
            own = read_first_system(layer_of(read_document(operators), "file"), services)
            findings.warnings += own.warnings
            findings.problems += own.problems
            layer = overlay(layer, own.layer)
    return layer


def _variables(environ: Mapping[str, str], reached: Layer, findings: _Findings) -> Layer:
    layer, problems = read_environment(environ, referenced_variables(reached.tree))
    findings.problems += problems
    return layer


def _settings(asked: _Asked, findings: _Findings) -> Layer:
    layer, problems = settings_layer(asked.settings, asked.version)
    findings.problems += problems
    return layer


def _valid_agno(layer: Layer, services: Collection[str], findings: _Findings) -> _Valid[AgnoIntegrationFile] | None:
    findings.warnings += _aliases(layer)
    with findings.collecting():
        return _Valid(validate(AgnoIntegrationFile, layer.tree, layer, services=services), layer)
    return None


def _aliases(layer: Layer) -> Iterator[Problem]:
    """A value that is read as another."""
    integration, keys = layer.tree.get("agno_integration"), ("agno_integration", "bridge_mode")
    if isinstance(integration, dict) and integration.get("bridge_mode") == FORMER_MODE:
        source = layer.source(keys)
        message = f"{FORMER_MODE} is the first system's name for {CURRENT_MODE}, and is read as that"
        yield Problem(source.place, dotted(keys), message, f"write {CURRENT_MODE}", source.line)


def _look_at_budgets(reached: Layer, said: Layer, findings: _Findings) -> None:
    """A slip in a file is an error; what was set holds for processes with other servers too, and is a warning in this."""
    for origin, problem in unknown_budgets(said, reached):
        (findings.warnings if origin == "policy" else findings.problems).append(problem)


def _assemble(
    files: Files, integration: _Valid[AgnoIntegrationFile], servers: _Valid[DownstreamFile], findings: _Findings
) -> Configuration:
    agno = integration.file.agno_integration
    said = integration.file.model_dump(mode="json", exclude_unset=True)
    reached = servers.file.model_dump(mode="json", by_alias=True)
    values: dict[str, Value] = {}
    provenance: dict[str, Source] = {}
    for tree, layer in ((said, integration.layer), (reached, servers.layer)):
        for keys, value in _leaves(cast("Value", tree)):
            source = layer.sources.get(keys, Source("built in"))
            if source.origin != "built in" or value not in (None, [], {}):
                values[dotted(keys)] = value
                provenance[dotted(keys)] = source
    return Configuration(
        files=files,
        agno=agno,
        downstream=settle_downstream(servers.file),
        agents=MappingProxyType({agent_id: settle_agent(agno, agent_id) for agent_id in AGENT_IDS}),
        teams=MappingProxyType({team_id: settle_team(agno, team_id) for team_id in TEAM_IDS}),
        values=MappingProxyType(values),
        provenance=MappingProxyType(provenance),
        warnings=tuple(findings.warnings),
        digest=digest([said, reached]),
    )


def _leaves(value: Value, keys: Keys = ()) -> Iterator[tuple[Keys, Value]]:
    if isinstance(value, dict) and value and not (keys and keys[-1] in _SHOWN_AS_A_WHOLE):
        for name, inner in value.items():
            yield from _leaves(inner, (*keys, name))
    else:
        yield keys, value
