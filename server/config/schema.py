"""Walking the models: which keys stand where, and which of them hold a value.

Advice about a misspelt key, the names of the environment variables and the test that every key has a
reader all come from the models themselves, so none of them can fall behind.
"""

from collections.abc import Iterator, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from server.config.problems import Keys

ANY_NAME = "*"
"""Stands for a key that the operator chooses: the name of a server, of a variable, of a header."""


def children(annotation: Any) -> dict[str, Any]:
    """The keys that a value of this type holds, with the type of each; empty if it holds none."""
    annotation = bare(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {info.alias or name: info.annotation for name, info in annotation.model_fields.items()}
    if get_origin(annotation) is Mapping:
        name, value = get_args(annotation)
        name = bare(name)
        names = get_args(name) if get_origin(name) is Literal else (ANY_NAME,)
        return dict.fromkeys(map(str, names), value)
    return {}


def type_at(annotation: Any, keys: Keys) -> Any:
    """The type of the value that `keys` lead to, or None where the models know no such place."""
    for key in keys:
        if isinstance(key, int):
            continue
        inside = children(annotation)
        annotation = inside.get(key, inside.get(ANY_NAME))
    return annotation


def walk(annotation: Any, keys: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every key below a type, groups before what they hold, with its type."""
    for name, value in children(annotation).items():
        yield (*keys, name), bare(value)
        yield from walk(value, (*keys, name))


def leaves(annotation: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every key that holds a value rather than further keys, with its type."""
    return ((keys, value) for keys, value in walk(annotation) if not children(value))


def places(annotation: Any, name: str) -> Iterator[tuple[str, ...]]:
    """Everywhere that a key of this name stands."""
    return (keys for keys, _ in walk(annotation) if keys[-1] == name)


def bare(annotation: Any) -> Any:
    """The type without `Annotated` and without `| None`."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return bare(get_args(annotation)[0])
    if origin in (Union, UnionType):
        some = [part for part in get_args(annotation) if part is not NoneType]
        return bare(some[0]) if len(some) == 1 else annotation
    return annotation
