"""Text and nesting that every transport can carry.

JSON can hold half a Unicode character (a client that cuts an emoji in two sends one) and any depth of nesting; the
transports of the SDK can send neither, and one that meets them ends, with every other call on it. So what comes in and
what goes out is made well-formed first: halves are joined or replaced, and what is nested too deeply is refused.
"""

from typing import Any, cast

__all__ = ["MAX_DEPTH", "TooDeep", "printable", "well_formed"]

MAX_DEPTH = 100


class TooDeep(ValueError):
    """Nested more than `MAX_DEPTH` levels."""


def well_formed(value: Any, depth: int = 0) -> Any:
    """The JSON value with text that is Unicode. What is well-formed already is given back as it is, not copied."""
    if isinstance(value, str):
        return _joined(value)
    if isinstance(value, dict):
        _hold(depth)
        mapping = cast("dict[str, Any]", value)
        made = {_joined(key): well_formed(item, depth + 1) for key, item in mapping.items()}
        same = all(made.get(key) is item for key, item in mapping.items())
        return mapping if same else made
    if isinstance(value, list):
        _hold(depth)
        items = cast("list[Any]", value)
        listed = [well_formed(item, depth + 1) for item in items]
        return items if all(new is old for new, old in zip(listed, items, strict=True)) else listed
    return value


def printable(text: str) -> str:
    """The text on one line, without what a terminal would obey instead of showing it."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _hold(depth: int) -> None:
    if depth >= MAX_DEPTH:
        raise TooDeep


def _joined(text: str) -> str:
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
