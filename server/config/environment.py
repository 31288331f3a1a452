"""`SOPHIA_*` variables: the last word on any value of `agno_integration.yaml`.

A variable spells the path below the file's top key, `__` between the parts: `SOPHIA_BRIDGE_MODE`,
`SOPHIA_AGENT_OVERRIDES__SALES_COACH__MODEL`. Servers are named by files only. A variable that spells no
known path is an error, since a setting that is silently without effect is worse than none; exempt are the
names in `RESERVED`, those that a `${env:...}` reference uses, and those that Kubernetes adds by itself.
"""

import json
import re
from collections.abc import Collection, Mapping
from typing import Any, Final, cast, get_args, get_origin

from server.config.agno_integration import AgnoIntegration
from server.config.documents import Value
from server.config.layers import Layer, Source, put
from server.config.problems import Problem, nearest
from server.config.schema import ANY_NAME, bare, leaves

PREFIX: Final = "SOPHIA_"
RESERVED: Final = frozenset(
    {
        "SOPHIA_CONFIG_DIR",
        "SOPHIA_STATE_DIR",
        "SOPHIA_STATE_URL",
        "SOPHIA_GONG_DATA",
        "SOPHIA_WORKSPACE_DATA",
        "SOPHIA_LOG_LEVEL",
    }
)
TOP: Final = "agno_integration"

_REFERENCED = re.compile(r"\$\{env:(\w+)")
_SERVICE_LINK = re.compile(r"SOPHIA_(?:SERVICE_(?:HOST|PORT(?:_\w+)?)|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)?)")
"""What every container gets beside a Kubernetes service that is called `sophia`."""


def read_environment(environ: Mapping[str, str], exempt: Collection[str] = ()) -> tuple[Layer, list[Problem]]:
    """The values that the environment sets, and a problem for each name that sets nothing."""
    ours = sorted(
        name
        for name in environ
        if name.startswith(PREFIX)
        and name not in RESERVED
        and name not in exempt
        and not _SERVICE_LINK.fullmatch(name)
    )
    layer = Layer()
    if not ours:
        return layer, []  # the usual case pays nothing for the table of names
    known = setting_variables()
    problems = [_unknown(name, list(known)) for name in ours if name not in known]
    for name in ours:
        if name in known:
            keys, kind = known[name]
            put(layer, (TOP, *keys), _parse(environ[name], kind), Source("environment", name))
    return layer, problems


def setting_variables() -> dict[str, tuple[tuple[str, ...], Any]]:
    """Every variable that sets a key, with the key and its type."""
    return {variable(keys): (keys, kind) for keys, kind in leaves(AgnoIntegration) if ANY_NAME not in keys}


def referenced_variables(value: Value) -> frozenset[str]:
    """The variables that `${env:...}` references anywhere below `value` name: no settings of ours."""
    if isinstance(value, str):
        return frozenset(_REFERENCED.findall(value))
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return frozenset[str]().union(*map(referenced_variables, inner))


def variable(keys: Collection[str]) -> str:
    """The variable that sets the value at `keys`, counted from below the file's top key."""
    return PREFIX + "__".join(keys).upper()


def _unknown(name: str, known: list[str]) -> Problem:
    near = nearest(name, [*known, *sorted(RESERVED)])
    same_end = next((each for each in known if each.endswith("__" + name.removeprefix(PREFIX))), None)
    group = next((each for each in known if each.startswith(name + "__")), None)
    if group:
        message, suggestion = "names a group of keys", f"name one key of it, such as {group}"
    elif same_end or near:
        message = "sets nothing: there is no such key"
        suggestion = f"did you mean {same_end or ' or '.join(near)}?"
    else:
        message = "sets nothing: there is no such key"
        suggestion = "`sophia config show` lists the keys; the path's parts are joined by __"
    return Problem(f"environment {name}", "", message, suggestion)


def _parse(text: str, kind: Any) -> Value:
    """The text of a variable as a value of this kind; what does not parse is left to the models to refuse."""
    if kind is bool:
        return {"true": True, "false": False}.get(text.strip().lower(), text)
    if kind is float:
        return _parse_fraction(text.strip())
    if kind is int:
        plain = text.strip()
        if plain in ("", "null"):
            return None
        return int(plain) if re.fullmatch(r"-?\d{1,18}", plain, re.ASCII) else text
    if get_origin(kind) is tuple:
        return _parse_list(text, numbers=bare(get_args(kind)[0]) is int)
    return text


def _parse_fraction(text: str) -> Value:
    if text in ("", "null"):
        return None
    return float(text) if re.fullmatch(r"-?\d{1,18}(\.\d{1,18})?", text, re.ASCII) else text


def _parse_list(text: str, *, numbers: bool) -> Value:
    """`a, b` or `["a", "b"]`."""
    if text.lstrip().startswith("["):
        try:
            return cast("Value", json.loads(text))
        except ValueError:
            return text
    items = [item.strip() for item in text.split(",") if item.strip()]
    return [int(item) if numbers and item.isdecimal() else item for item in items]
