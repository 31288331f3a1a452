"""JSON Schemas that stand on their own: models and clients read them, and few of either resolve a `$ref`."""

from collections.abc import Mapping
from typing import Any, cast

from pydantic import BaseModel

__all__ = ["schema_of"]


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of a model with every reference replaced by what it refers to. The model must not refer to itself."""
    schema = model.model_json_schema()
    definitions: Mapping[str, Any] = schema.pop("$defs", {})
    return cast("dict[str, Any]", _resolved(schema, definitions))


def _resolved(node: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(node, list):
        return [_resolved(item, definitions) for item in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    mapping = cast("dict[str, Any]", node)
    if isinstance(reference := mapping.get("$ref"), str):
        target = definitions[reference.rpartition("/")[2]]
        return _resolved({**target, **{k: v for k, v in mapping.items() if k != "$ref"}}, definitions)
    # A discriminator only speeds up a choice between references, and titles repeat the names.
    dropped = {"discriminator"} | ({"title"} if isinstance(mapping.get("title"), str) else set[str]())
    return {key: _resolved(value, definitions) for key, value in mapping.items() if key not in dropped}
