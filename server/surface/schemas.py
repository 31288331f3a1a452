"""Arguments held against JSON Schemas, ours and everybody else's.

A validator is compiled once per schema; what it finds wrong becomes a sentence that names the field and says why.
"""

import logging
from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from jsonschema import Draft202012Validator, SchemaError, ValidationError, validators
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from referencing import Registry

from server.errors import InvalidArguments

__all__ = ["Validators"]

logger = logging.getLogger(__name__)

SHOWN_VALUE = 60
SHOWN_MESSAGE = 200


class Validators:
    """Compiled validators by tool name; one is made anew when the tool's schema has changed."""

    def __init__(self) -> None:
        self._compiled: dict[str, tuple[dict[str, Any], Validator]] = {}

    def check(self, tool: str, schema: dict[str, Any], arguments: Mapping[str, Any], *, ours: bool) -> None:
        """Raise InvalidArguments where the arguments break the schema; a schema that is broken itself checks nothing.

        `format` is checked in our own schemas only, since it is an annotation to others, and `pattern` too: a foreign
        one can be made to take for ever. The server whose schema it is checks its own.
        """
        validator = self._validator(tool, schema, ours)
        if validator is None:
            return
        try:
            errors = sorted(validator.iter_errors(arguments), key=_place)
        except Exception:  # what a foreign schema can make its evaluation do is without end
            logger.debug("the schema of %s cannot be evaluated", tool, exc_info=True)
            return
        if errors:
            wrong = "; ".join(_said(error) for error in errors[:3])
            raise InvalidArguments(f"`{tool}` cannot take these arguments: {wrong}.", delivered=False)

    def _validator(self, tool: str, schema: dict[str, Any], ours: bool) -> Validator | None:
        known = self._compiled.get(tool)
        if known is not None and known[0] is schema:
            return known[1]
        kind = validator_for(schema, default=Draft202012Validator)
        try:
            kind.check_schema(schema)
        except SchemaError:
            return None
        except Exception:  # a meta-schema check runs over foreign values as well
            return None
        # An empty registry: a foreign schema must not make us fetch what it refers to.
        validator = (
            kind(schema, registry=Registry(), format_checker=kind.FORMAT_CHECKER)
            if ours
            else _patternless(kind)(schema, registry=Registry())
        )
        self._compiled[tool] = (schema, validator)
        return validator


@cache
def _patternless(kind: type[Validator]) -> type[Validator]:
    """The validator without the keywords whose evaluation runs regular expressions of the schema."""
    standard: Any = kind.VALIDATORS["additionalProperties"]

    def additional(validator: Validator, value: Any, instance: Any, schema: Mapping[str, Any]) -> Any:
        return None if "patternProperties" in schema else standard(validator, value, instance, schema)

    def unchecked(*_: Any) -> None:
        """Left to the server whose schema it is."""

    left = dict.fromkeys(("pattern", "patternProperties", "unevaluatedProperties"), unchecked)
    untyped: Any = validators
    made: type[Validator] = untyped.extend(kind, {**left, "additionalProperties": additional})
    return made


def _place(error: ValidationError) -> list[str]:
    return [str(part) for part in error.absolute_path]


def _said(error: ValidationError) -> str:
    meant = _meant(error)
    if meant is not error:
        return _said(meant)
    where = ".".join(str(part) for part in error.absolute_path)
    value = repr(cast("object", error.instance))
    match str(error.validator):
        case "required" | "additionalProperties" | "dependentRequired":
            text = _short(error.message, SHOWN_MESSAGE)
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
            text = (
                error.message if len(error.message) < SHOWN_MESSAGE else f"{_short(value)} breaks `{error.validator}`"
            )
    return f"`{_short(where)}` {text}" if where else text


def _meant(error: ValidationError) -> ValidationError:
    """Of a choice between types, what is wrong with the one whose type fits: that is the one that was meant."""
    fitting = [one for one in error.context or () if one.validator != "type"]
    return fitting[0] if error.validator == "anyOf" and len(fitting) == 1 else error


def _short(value: str, limit: int = SHOWN_VALUE) -> str:
    return value if len(value) <= limit else f"{value[:limit]}…"
