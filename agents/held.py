"""How many bytes a value keeps in memory, with everything that it refers to."""

import sys
from collections.abc import Collection, Mapping
from types import FunctionType, MethodType, ModuleType
from typing import Any, cast

__all__ = ["held_bytes"]

SHARED = (type, ModuleType, FunctionType, MethodType)
"""What belongs to the program and not to a value."""


def held_bytes(*values: object) -> int:
    """The bytes of these values and of all that hangs on them, each object once; code and classes are not counted."""
    seen: set[int] = set()
    todo: list[object] = list(values)
    held = 0
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen or isinstance(one, SHARED):
            continue
        seen.add(id(one))
        held += sys.getsizeof(one)
        if isinstance(one, str | bytes | bytearray | int | float):
            continue
        todo += _parts(one)
    return held


def _parts(one: Any) -> list[object]:
    if isinstance(one, Mapping):
        return [*cast("Mapping[object, object]", one).keys(), *cast("Mapping[object, object]", one).values()]
    parts: list[object] = []
    if isinstance(one, Collection):
        parts += cast("Collection[object]", one)
    plain = cast("object", one)
    for kind in type(plain).__mro__:
        slots: Any = kind.__dict__.get("__slots__", ())
        parts += [getattr(plain, name, None) for name in ((slots,) if isinstance(slots, str) else slots)]
    return [*parts, getattr(plain, "__dict__", None)]
