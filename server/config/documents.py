"""Reading an operator's YAML or JSON file into plain values, each with the line it stands on.

Stricter than YAML's own rules, where those surprise people: only `true` and `false` are booleans (`yes`
and `on` are text), no number is octal or sexagesimal (`0123` and `12:30` are text), dates are text, a key
that stands twice is an error, and keys are text. Nothing in a file can construct an object.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

import yaml

if TYPE_CHECKING:
    from yaml import SafeLoader
else:
    try:
        from yaml import CSafeLoader as SafeLoader
    except ImportError:  # PyYAML built without libyaml: the same result, about eight times slower
        from yaml import SafeLoader

from server.config.problems import ConfigurationError, Keys, Problem, dotted

Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | None"

_TAG = "tag:yaml.org,2002:"
_MAX_DEPTH = 20  # deeper than any real file; also ends an alias that contains itself
_MAX_DIGITS = 20
_Resolvers: TypeAlias = dict[str, list[tuple[str, re.Pattern[str]]]]


def _resolvers() -> _Resolvers:
    """What a plain scalar can be, by its first character: the core schema of YAML 1.2."""
    rules = [
        ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
        ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
        ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789"),
        ("float", r"^[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?$", "-+0123456789"),
        ("merge", r"^<<$", "<"),
    ]
    table: _Resolvers = {}
    for tag, pattern, first_characters in rules:
        for character in first_characters:
            table.setdefault(character, []).append((_TAG + tag, re.compile(pattern)))
    return table


class _Loader(SafeLoader):
    yaml_implicit_resolvers = _resolvers()


@dataclass(frozen=True, slots=True)
class Document:
    """One file's values. `lines` knows every key and list item of a YAML file; of a JSON file, none."""

    file: Path
    tree: dict[str, Value]
    lines: Mapping[Keys, int] = field(default_factory=dict[Keys, int])


def read_document(file: Path) -> Document:
    """Read one file, `.json` as JSON and everything else as YAML.

    Raises `ConfigurationError` if it cannot be read, is not UTF-8, is not well formed, holds a key twice,
    or is not a mapping. An empty file is an empty mapping.
    """
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as fault:
        raise _refuse(file, f"cannot be read: {fault.strerror}") from fault
    except UnicodeDecodeError as fault:
        raise _refuse(file, "is not UTF-8 text") from fault
    return _read_json(file, text) if file.suffix == ".json" else _Reader(file).read(text)


def read_value(text: str) -> Value:
    """One value as somebody typed it, by the same rules. Raises `ConfigurationError`."""
    return _Reader(Path("the value")).value(text)


def _refuse(file: Path, message: str, line: int | None = None) -> ConfigurationError:
    return ConfigurationError([Problem(str(file), "", message, line=line)])


def _read_json(file: Path, text: str) -> Document:
    problems: list[Problem] = []

    def pairs(items: list[tuple[str, Value]]) -> dict[str, Value]:
        names = [name for name, _ in items]
        repeated = sorted({name for name in names if names.count(name) > 1})
        problems.extend(Problem(str(file), name, "this key stands twice in one object") for name in repeated)
        return dict(items)

    try:
        tree = cast("Value", json.loads(text or "{}", object_pairs_hook=pairs))
    except json.JSONDecodeError as fault:
        raise _refuse(file, f"is not JSON: {fault.msg} (comments are not allowed)", fault.lineno) from fault
    except RecursionError as fault:
        raise _refuse(file, "is nested too deeply") from fault
    if problems:
        raise ConfigurationError(problems)
    if not isinstance(tree, dict):
        raise _refuse(file, "must hold one JSON object")
    return Document(file, tree)


class _Reader:
    """Walks the nodes of one YAML file; collects values, lines and problems as it goes."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lines: dict[Keys, int] = {}
        self._problems: list[Problem] = []

    def read(self, text: str) -> Document:
        tree = self.value(text)
        if tree is None:
            tree = {}
        if not isinstance(tree, dict):
            raise _refuse(self._file, "must be a mapping of keys to values", 1)
        return Document(self._file, tree, self._lines)

    def value(self, text: str) -> Value:
        loader = _Loader(text)
        try:
            root = loader.get_single_node()
            value = None if root is None else self._value(loader, root, ())
        except yaml.MarkedYAMLError as fault:
            line = fault.problem_mark.line + 1 if fault.problem_mark else None
            raise _refuse(self._file, f"is not YAML: {fault.problem}", line) from fault
        except yaml.YAMLError as fault:
            raise _refuse(self._file, "is not YAML: it holds a character that YAML does not allow") from fault
        finally:
            loader.dispose()
        if self._problems:
            raise ConfigurationError(self._problems)
        return value

    def _value(self, loader: _Loader, node: yaml.Node, keys: Keys) -> Value:
        if len(keys) > _MAX_DEPTH:
            self._report(node, keys[:3], "is nested too deeply")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(loader, node, keys)
        if isinstance(node, yaml.SequenceNode):
            return [self._item(loader, item, (*keys, at)) for at, item in enumerate(node.value)]
        return self._scalar(node, keys)

    def _item(self, loader: _Loader, node: yaml.Node, keys: Keys) -> Value:
        self._lines[keys] = node.start_mark.line + 1
        return self._value(loader, node, keys)

    def _mapping(self, loader: _Loader, node: yaml.MappingNode, keys: Keys) -> Value:
        seen: set[str] = set()
        for key, _ in node.value:
            name = str(key.value)
            if name in seen:
                self._report(key, (*keys, name), "this key stands twice; keep one")
            seen.add(name)
        loader.flatten_mapping(node)  # puts the keys of a `<<` before the own ones, which so win
        mapping: dict[str, Value] = {}
        for key, value in node.value:
            if key.tag == _TAG + "str":
                name = str(key.value)
                self._lines[(*keys, name)] = key.start_mark.line + 1
                mapping[name] = self._value(loader, value, (*keys, name))
            else:
                self._report(key, keys, "a key must be text: put it in quotes")
        return mapping

    def _scalar(self, node: yaml.Node, keys: Keys) -> Value:
        text: str = node.value
        match node.tag.removeprefix(_TAG):
            case "str":
                return text
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int" if len(text) < _MAX_DIGITS:
                return int(text)
            case "float":
                return float(text)
            case tag:
                what = "this number is too long" if tag == "int" else f"the tag {node.tag} is not supported"
                self._report(node, keys, f"{what}: write a plain value")
                return None

    def _report(self, node: yaml.Node, keys: Keys, message: str) -> None:
        self._problems.append(Problem(str(self._file), dotted(keys), message, line=node.start_mark.line + 1))
