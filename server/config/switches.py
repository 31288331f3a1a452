"""What of an operator's settings holds even where a configuration cannot be loaded: the switches.

A kill switch that only works while every file is in order is none. So each switch is read alone, over the packaged
files, which can always be read, and laid over the configuration that a process has.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from server.config.agno_integration import AgnoIntegration
from server.config.configuration import Configuration
from server.config.documents import Value
from server.config.loading import load
from server.config.problems import ConfigurationError

__all__ = ["is_switch", "with_switches"]

TOP = frozenset({"enabled", "bridge_mode"})
FLAGS = "feature_flags"
OF_AGENT = ("agent_overrides.", ".use_agno")


def is_switch(key: str) -> bool:
    """Whether a setting is a switch: `enabled`, `bridge_mode`, a feature flag, or an agent's `use_agno`."""
    return key in TOP or key.partition(".")[0] == FLAGS or (key.startswith(OF_AGENT[0]) and key.endswith(OF_AGENT[1]))


def with_switches(configuration: Configuration, settings: Mapping[str, Value]) -> Configuration:
    """The configuration with the switches among these settings, but for those that are none as they are written."""
    for key, alone in _read(settings):
        if key.startswith(OF_AGENT[0]):
            used = {name: one for name, one in alone.agents.items() if key == f"{OF_AGENT[0]}{name}{OF_AGENT[1]}"}
            agents = {
                name: one.model_copy(update={"use_agno": used[name].use_agno}) if name in used else one
                for name, one in configuration.agents.items()
            }
            configuration = replace(configuration, agents=MappingProxyType(agents))
        else:
            configuration = replace(configuration, agno=_switched(configuration.agno, alone.agno, key, settings[key]))
    return configuration


def _read(settings: Mapping[str, Value]) -> Iterator[tuple[str, Configuration]]:
    for key in sorted(filter(is_switch, settings)):  # a group before what is in it
        try:
            yield key, load(None, _NO_VARIABLES, {key: settings[key]})
        except ConfigurationError:
            continue


def _switched(agno: AgnoIntegration, alone: AgnoIntegration, key: str, value: Value) -> AgnoIntegration:
    group, _, name = key.partition(".")
    if group in TOP:
        return agno.model_copy(update={group: getattr(alone, group)})
    names = [name] if name else list(value) if isinstance(value, dict) else []
    flags = {one: getattr(alone.feature_flags, one) for one in names}
    return agno.model_copy(update={FLAGS: agno.feature_flags.model_copy(update=flags)})


_NO_VARIABLES: Mapping[str, str] = MappingProxyType({})
