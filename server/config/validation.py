"""From merged values to models, and from Pydantic's errors to problems that an operator can act on.

No message repeats a value that could be a secret: it says what kind of value stands there.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, TypeVar, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from server.config.documents import Value
from server.config.foreign import OUR_NAME
from server.config.layers import Layer
from server.config.problems import ConfigurationError, Keys, Problem, advise, dotted, nearest
from server.config.schema import ANY_NAME, children, places, type_at

Model = TypeVar("Model", bound=BaseModel)

_KINDS: Final[Mapping[type, str]] = {
    bool: "true or false",
    dict: "a group of keys",
    float: "a fraction",
    int: "a number",
    list: "a list",
    str: "text",
    type(None): "nothing",
}
_WANTED: Final[Mapping[str, str]] = {
    "bool_type": "must be true or false, without quotes",
    "dict_type": "must be a group of keys",
    "float_type": "must be a number",
    "int_type": "must be a whole number, without quotes",
    "mapping_type": "must be a group of keys",
    "model_type": "must be a group of keys",
    "model_attributes_type": "must be a group of keys",
    "string_type": "must be text (put it in quotes)",
    "tuple_type": "must be a list",
}
_YES_OR_NO: Final = {"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false", "false": "false"}
_LISTED: Final = re.compile(r"[\w ]{1,40}(,[\w ]{1,40})*", re.ASCII)
_CHOICE: Final = re.compile(r"'([^']*)'")


def validate(
    model: type[Model], tree: Mapping[str, Value], layer: Layer, *, services: Collection[str] | None = None
) -> Model:
    """`tree` as a `model`; `layer` knows where each value came from, `services` which servers there are.

    Raises `ConfigurationError` with every fault.
    """
    try:
        return model.model_validate(tree, context=services)
    except ValidationError as fault:
        found = fault.errors(include_url=False)
        found = [error for error in found if not _follows(error, found)]
        unknown = {error["loc"][:-1] for error in found if _names_unknown(error)}
        problems = [
            _problem(model, layer, error)
            for error in found
            if _names_unknown(error) or not any(error["loc"][: len(keys)] == keys for keys in unknown)
        ]
        raise ConfigurationError(sorted(problems, key=lambda problem: (problem.file, problem.line or 0))) from None


def _names_unknown(error: ErrorDetails) -> bool:
    """Whether this is about a name that does not exist; what stands under it is then not worth a word."""
    return error["type"] == "literal_error" and error["loc"][-1] == "[key]"


def _follows(error: ErrorDetails, found: Sequence[ErrorDetails]) -> bool:
    """Whether a list is only called empty because each of its items was refused."""
    keys = error["loc"]
    return error["type"] == "too_short" and any(
        len(other["loc"]) > len(keys) and other["loc"][: len(keys)] == keys for other in found
    )


def _problem(model: type[BaseModel], layer: Layer, error: ErrorDetails) -> Problem:
    location = error["loc"]
    keys = location[:-1] if location and location[-1] == "[key]" else location
    message, suggestion = _explain(model, keys, error)
    source = layer.source(keys)
    return Problem(
        file=source.place,
        path=dotted(keys),
        message=message,
        suggestion=suggestion,
        line=source.line,
    )


def _explain(model: type[BaseModel], keys: Keys, error: ErrorDetails) -> tuple[str, str | None]:
    kind = error["type"]
    context = cast("Mapping[str, Any]", error.get("ctx", {}))
    if kind == "extra_forbidden" or _names_unknown(error):
        return _unknown_key(model, keys)
    if kind == "missing":
        return "is missing", None
    if kind == "too_short":
        return "must not be empty", None
    if kind == "literal_error":
        choices = _CHOICE.findall(str(context["expected"]))
        return f"must be one of {', '.join(choices)}", _advise_choice(error["input"], choices)
    if kind in _WANTED:
        given: object = error["input"]
        hint = _as_meant(kind, given) if isinstance(given, str) else None
        stands = _KINDS.get(type(given), "something else")
        return f"{_WANTED[kind]}, but {stands} stands here", f"write {hint}" if hint else None
    return error["msg"].replace("Input should", "must", 1), cast("str | None", context.get("suggestion"))


def _as_meant(kind: str, given: str) -> str | None:
    """How a text is written that was meant as another kind of value; only what cannot be a secret is repeated."""
    if kind == "bool_type":
        return _YES_OR_NO.get(given.lower())
    if kind == "tuple_type" and _LISTED.fullmatch(given):
        return f"[{', '.join(part.strip() for part in given.split(','))}]"
    return None


def _advise_choice(given: object, choices: Sequence[str]) -> str | None:
    return advise(given, choices) if isinstance(given, str) else None


def _unknown_key(model: type[BaseModel], keys: Keys) -> tuple[str, str | None]:
    name = str(keys[-1])
    valid = [key for key in children(type_at(model, keys[:-1])) if key != ANY_NAME]
    if OUR_NAME.get(name) in valid:
        return "unknown key", f"here it is called {OUR_NAME[name]}"
    elsewhere = [dotted(place) for place in places(model, name)]
    if elsewhere and not nearest(name, valid):
        return "unknown key here", f"it belongs at {' or '.join(elsewhere[:2])}"
    return "unknown key", advise(name, valid)
