"""A setting before it is made: would the configuration still load, and what would change?

`sophia policy set` asks this first and appends a version of the policy only if there is no problem.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from server.config.agno_integration import AgnoIntegration
from server.config.budgets import is_about_budget
from server.config.changes import difference
from server.config.configuration import Configuration, Files
from server.config.documents import Value, read_value
from server.config.loading import load_again
from server.config.problems import ConfigurationError, Problem, advise
from server.config.schema import children, type_at
from server.config.settings import TOP, keys_of

_NOWHERE = "policy"


@dataclass(frozen=True, slots=True)
class Proposal:
    """All settings as they would be then. `configuration` is there exactly if there is no problem."""

    settings: Mapping[str, Value]
    configuration: Configuration | None
    difference: tuple[str, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...] = ()


def propose(
    files: Files,
    settings: Mapping[str, Value],
    key: str,
    text: str | None,
) -> Proposal:
    """`settings` with `key` at the value that `text` spells in YAML, or, where `text` is None, without it.

    Setting a group replaces what was set inside it before; taking one back takes back all that is set inside it.
    """
    key = key.removeprefix(f"{TOP}.")
    try:
        changed = _without(settings, key) if text is None else _with(settings, key, read_value(text))
        before, after = (load_again(files, each, None) for each in (settings, changed))
    except ConfigurationError as fault:
        return Proposal(settings, None, (), fault.problems)
    new = [one for one in after.warnings if one not in before.warnings]
    # What is set is for all that share the state, and a budget may be for a server that only some of them have; whoever
    # sets one is told of the slip.
    slips = tuple(one for one in new if is_about_budget(one))
    if slips:
        return Proposal(settings, None, (), slips)
    return Proposal(changed, after, difference(before, after), (), tuple(new))


def _with(settings: Mapping[str, Value], key: str, value: Value) -> dict[str, Value]:
    if value is None and children(type_at(AgnoIntegration, keys_of(key))):
        raise ConfigurationError([Problem(_NOWHERE, key, "is a group of keys", "name one key of it")])
    rest = {path: kept for path, kept in settings.items() if path != key and not path.startswith(f"{key}.")}
    return rest | {key: value}


def _without(settings: Mapping[str, Value], key: str) -> dict[str, Value]:
    gone = {path for path in settings if path == key or path.startswith(f"{key}.")}
    if not gone:
        message = "is not set, so that there is nothing to take back"
        raise ConfigurationError([Problem(_NOWHERE, key, message, advise(key, tuple(settings)))])
    return {path: value for path, value in settings.items() if path not in gone}
