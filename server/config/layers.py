"""Laying one source over another, and remembering for every value where it came from.

Mappings merge key by key; everything else, lists included, is replaced as a whole. A key with nothing
behind it (a section whose lines are all commented out) changes nothing.
"""

from collections.abc import Collection, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, cast

from server.config.documents import Document, Value
from server.config.problems import Keys

Origin: TypeAlias = Literal["packaged", "file", "environment", "policy", "built in"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value was said: a file and line, an environment variable, a version of the policy, or our own code."""

    origin: Origin
    name: str = ""
    line: int | None = None

    @property
    def place(self) -> str:
        """Where to mend it, without the line: a file, or what stands for one."""
        return self.name if self.origin in ("packaged", "file") else str(self)

    def __str__(self) -> str:
        match self.origin:
            case "packaged":
                return "packaged default"
            case "file":
                return self.name if self.line is None else f"{self.name}:{self.line}"
            case "environment":
                return f"environment {self.name}"
            case "policy":
                return f"policy version {self.name}" if self.name else "policy"
            case "built in":
                return "built in"


@dataclass(frozen=True, slots=True)
class Layer:
    """Values of one origin, with the source of every node, groups included."""

    tree: dict[str, Value] = field(default_factory=dict[str, Value])
    sources: dict[Keys, Source] = field(default_factory=dict[Keys, Source])

    def source(self, keys: Keys) -> Source:
        """The source of a value, or of the nearest group above it if it was never said."""
        while keys and keys not in self.sources:
            keys = keys[:-1]
        return self.sources.get(keys, Source("built in"))


def layer_of(document: Document, origin: Origin) -> Layer:
    name = str(document.file)
    sources: dict[Keys, Source] = {(): Source(origin, name)}
    for keys in nodes(document.tree):
        sources[keys] = Source(origin, name, document.lines.get(keys))
    return Layer(document.tree, sources)


def overlay(below: Layer, above: Layer, *, whole: Collection[Keys] = ()) -> Layer:
    """`above` laid over `below`. Groups named in `whole` are replaced instead of merged."""
    merged = Layer(deepcopy(below.tree), dict(below.sources))

    def lay(into: dict[str, Value], values: Mapping[str, Value], keys: Keys) -> None:
        for name, value in values.items():
            here = (*keys, name)
            present = into.get(name)
            if isinstance(present, dict) and value is None:
                continue
            if isinstance(present, dict) and isinstance(value, dict) and here not in whole:
                lay(present, value, here)
                continue
            _forget(merged.sources, here)
            into[name] = deepcopy(value)
            for inner in [here, *nodes(value, here)]:
                merged.sources[inner] = above.source(inner)

    lay(merged.tree, above.tree, ())
    return merged


def put(layer: Layer, keys: Keys, value: Value, source: Source) -> None:
    """Set one value in a layer that is being made."""
    group = layer.tree
    for depth, key in enumerate(keys[:-1], start=1):
        layer.sources[keys[:depth]] = source
        inner = group.setdefault(str(key), {})
        group = cast("dict[str, Value]", inner)
    group[str(keys[-1])] = value
    layer.sources[keys] = source


def _forget(sources: dict[Keys, Source], keys: Keys) -> None:
    for gone in [known for known in sources if known[: len(keys)] == keys]:
        del sources[gone]


def nodes(value: Value, keys: Keys = ()) -> Iterator[Keys]:
    """The way to every key and list item below `value`."""
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    else:
        return
    for name, below in inner:
        yield (*keys, name)
        yield from nodes(below, (*keys, name))
