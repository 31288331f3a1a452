"""What an operator sets while Sophia serves, as the topmost layer of the configuration.

The policy in the store holds single keys below `agno_integration`, dotted, each with its JSON value:
`feature_flags.enable_agno_agents: false`. The name of a tool or a model may hold dots itself, so that the models say
where it ends.
"""

from collections.abc import Mapping
from typing import Any, Final

from server.config.agno_integration import AgnoIntegration
from server.config.documents import Value
from server.config.layers import Layer, Source, overlay, put
from server.config.problems import Keys, Problem
from server.config.schema import ANY_NAME, children, leaves

TOP: Final = "agno_integration"
FILES_ONLY: Final[Mapping[str, str]] = {
    "knowledge_base": "it names code that is run at start; set it in agno_integration.yaml",
}
"""Keys that a setting cannot change, and why."""


def settable() -> tuple[str, ...]:
    """Every key that a setting may have; `*` stands for a name of the operator's, of a tool or a model."""
    paths = (".".join(keys) for keys, _ in leaves(AgnoIntegration))
    return tuple(path for path in paths if path not in FILES_ONLY)


def settings_layer(settings: Mapping[str, Value], version: int | None) -> tuple[Layer, list[Problem]]:
    """The settings as a layer, and what is wrong with them before the models have a say."""
    source = Source("policy", "" if version is None else str(version))
    layer = Layer({}, {(): source})
    problems: list[Problem] = []
    for path in sorted(settings, key=lambda path: (path.count("."), path)):  # a group before what is in it
        value = settings[path]
        keys = keys_of(path, is_group=isinstance(value, dict))
        if str(keys[0]) in FILES_ONLY:
            problems.append(Problem(source.place, path, "is no setting", FILES_ONLY[str(keys[0])]))
            continue
        single = Layer({}, {(): source})
        put(single, (TOP, *keys), value, source)
        layer = overlay(layer, single)
    return layer, problems


def keys_of(path: str, *, is_group: bool = False) -> Keys:
    """The way to a setting below `agno_integration`. Of a name with dots the longest that has a key behind it."""
    return _resolve(AgnoIntegration, path.removeprefix(f"{TOP}.").split("."), is_group=is_group)


def _resolve(annotation: Any, parts: list[str], *, is_group: bool) -> Keys:
    inside = children(annotation)
    if not parts or not inside:
        return tuple(parts)
    if ANY_NAME not in inside:
        return (parts[0], *_resolve(inside.get(parts[0]), parts[1:], is_group=is_group))
    known = children(inside[ANY_NAME])
    ends = [at for at in range(1, len(parts)) if parts[at] in known]
    end = ends[-1] if ends else len(parts) if is_group or len(parts) == 1 else len(parts) - 1
    return (".".join(parts[:end]), *_resolve(inside[ANY_NAME], parts[end:], is_group=is_group))
