"""Arguments held against JSON Schemas, ours and everybody else's.

A validator is compiled once per schema; what it finds wrong becomes a sentence that names the field and says why.
"""

from collections.abc import Mapping
from typing import Any, cast

from jsonschema import Draft202012Validator, SchemaError, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

from server.errors import InvalidArguments

__all__ = ["Validators"]

SHOWN_VALUE = 60


class Validators:
    """Compiled validators by tool name; one is made anew when the tool's schema has changed."""

    def __init__(self) -> None:
        self._compiled: dict[str, tuple[dict[str, Any], Validator]] = {}

    def check(self, tool: str, schema: dict[str, Any], arguments: Mapping[str, Any]) -> None:
        """Raise InvalidArguments where the arguments break the schema; a schema that is broken itself checks nothing."""
        validator = self._validator(tool, schema)
        if validator is None:
            return
        try:
            errors = sorted(validator.iter_errors(arguments), key=_place)
        except (Unresolvable, RecursionError):
            return
        if errors:
            wrong = "; ".join(_said(error) for error in errors[:3])
            raise InvalidArguments(f"`{tool}` cannot take these arguments: {wrong}.", delivered=False)

    def _validator(self, tool: str, schema: dict[str, Any]) -> Validator | None:
        known = self._compiled.get(tool)
        if known is not None and known[0] is schema:
            return known[1]
        kind = validator_for(schema, default=Draft202012Validator)
        try:
            kind.check_schema(schema)
        except SchemaError:
            return None
        # An empty registry: a foreign schema must not make us fetch what it refers to.
        validator = kind(schema, registry=Registry(), format_checker=kind.FORMAT_CHECKER)
        self._compiled[tool] = (schema, validator)
        return validator


def _place(error: ValidationError) -> list[str]:
    return [str(part) for part in error.absolute_path]


def _said(error: ValidationError) -> str:
    where = ".".join(str(part) for part in error.absolute_path)
    value = repr(cast("object", error.instance))
    match str(error.validator):
        case "required" | "additionalProperties" | "dependentRequired":
            text = error.message
        case "maxLength":
            text = f"is {len(str(cast('object', error.instance))):,} characters long; at most {error.validator_value:,} are taken"
        case "pattern":
            text = f"{_short(value)} does not have the form {error.validator_value}"
        case "enum":
            text = f"{_short(value)} is none of {', '.join(map(str, cast('list[object]', error.validator_value)))}"
        case "anyOf":
            kinds = [str(one.get("type", "?")) for one in cast("list[dict[str, object]]", error.validator_value)]
            text = f"{_short(value)} is not of type {' or '.join(kinds)}"
        case "format":
            text = f"{_short(value)} is no {error.validator_value}"
        case "minLength":
            text = "is empty"
        case "type":
            text = f"{_short(value)} is not of type {error.validator_value}"
        case _:
            text = error.message if len(error.message) < 200 else f"{_short(value)} breaks `{error.validator}`"
    return f"`{where}` {text}" if where else text


def _short(value: str) -> str:
    return value if len(value) <= SHOWN_VALUE else f"{value[:SHOWN_VALUE]}…"
