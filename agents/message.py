"""The message that carries a request to a model: the words, and beside them what was already understood.

A provider's model reads it as text; the embedded model reads it back with `read`. Whatever stands in the request, it
can neither close its own block nor open another one.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

__all__ = ["Asked", "read", "write"]

BLOCK = re.compile(r"<request>\n(.*?)\n</request>\s*<arguments>\n(.*?)\n</arguments>", re.DOTALL)
TAG = re.compile(r"<(/?\s*(?:request|arguments)\s*)>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants: in words, in typed arguments, and the name of the tool it comes down to, if recognised."""

    request: str
    arguments: Mapping[str, JsonValue]
    intent: str | None = None


def write(asked: Asked) -> str:
    """The message; the intent travels among the arguments."""
    known = dict(asked.arguments) | ({"intent": asked.intent} if asked.intent else {})
    words = TAG.sub(r"‹\1›", asked.request)
    arguments = json.dumps(known, sort_keys=True, ensure_ascii=False).replace("<", "\\u003c")
    return f"<request>\n{words}\n</request>\n<arguments>\n{arguments}\n</arguments>"


def read(text: str) -> Asked | None:
    """The last message in a text, or None where there is none: others' messages may stand before it."""
    found = BLOCK.findall(text)
    if not found:
        return None
    request, raw = found[-1]
    try:
        arguments: dict[str, JsonValue] = json.loads(raw)
    except ValueError:
        return Asked(request, {})
    intent = arguments.pop("intent", None)
    return Asked(request, arguments, intent if isinstance(intent, str) else None)
