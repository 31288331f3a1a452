"""Keeping secrets out of what people see: which values look like one, and how a known one is hidden.

Two means, since each alone leaks: `Masks` hides the values that references resolved to, wherever they
turn up in a text (a child's stderr, an error of a library); `looks_secret` and its kin find values that
were written into a file although they should be references.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

HIDDEN: Final = "••••••"
_SHORTEST = 4  # hiding every "1" would hide the log, and three characters keep no secret

_LAST_WORDS: Final = frozenset({"token", "key", "pat", "auth", "pwd", "pass", "bearer", "apikey"})
_ANY_WORDS: Final = frozenset(
    {"secret", "secrets", "password", "passwd", "passphrase", "credential", "credentials", "authorization", "cookie"}
)
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z0-9]+(?![a-z])")
_ISSUED = re.compile(  # forms in which well-known services hand out keys
    r"\b(?:gh[pousr]_|github_pat_|sk-|xox[abprs]-|glpat-|AKIA|pul-|eyJ[\w-]{8,}\.)[\w.-]{8,}"
)
_PASSWORD = re.compile(r"(?<=://)(?P<user>[^/?#@:\s]*:)(?P<value>[^/?#@\s]+)(?=@)")
_QUERY = re.compile(r"(?<=[?&])(?P<head>(?P<name>[^=&#]+)=)(?P<value>[^&#]*)")
_ASSIGNED = re.compile(r"(?P<head>-{0,2}(?P<name>[\w-]+)\s*[=:]\s*)(?P<value>.+)", re.DOTALL)
_REFERENCE_OR_SCHEME = re.compile(r"\$\{[^{}]*\}|^\s*(?:Bearer|Basic|Token)\s", re.IGNORECASE)


class Masks:
    """The secret values that this process knows. One per process, handed to whoever shows text."""

    __slots__ = ("_values",)

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._values: set[str] = set()
        for value in values:
            self.add(value)

    def add(self, value: str) -> None:
        """Hide `value`, and each of its lines, from now on."""
        for part in {value, *value.splitlines()}:
            if len(part.strip()) >= _SHORTEST:
                self._values.add(part.strip())

    def hide(self, text: str) -> str:
        """`text` without any known secret; the longest first, since one may contain another."""
        for value in sorted(self._values, key=len, reverse=True):
            text = text.replace(value, HIDDEN)
        return text

    def __repr__(self) -> str:
        return f"Masks({len(self._values)} values)"


def looks_secret(name: str) -> bool:
    """Whether a variable, header, flag or query parameter of this name usually holds a secret."""
    words = [word.lower().rstrip("0123456789") for word in _WORD.findall(name)]
    return bool(words) and (words[-1] in _LAST_WORDS or not _ANY_WORDS.isdisjoint(words))


def disguise(name: str, value: str, masks: Masks | None = None) -> str:
    """`value` as it may be shown under `name`. References are shown: they are no secret.

    With `masks`, whatever is hidden here is hidden everywhere else too.
    """
    if looks_secret(name) or _ISSUED.search(value):
        return _hide(value, masks)
    value = _PASSWORD.sub(lambda found: found["user"] + _hide(found["value"], masks), value)
    return _QUERY.sub(
        lambda found: (
            found["head"] + (_hide(found["value"], masks) if looks_secret(found["name"]) else found["value"])
        ),
        value,
    )


def disguise_args(args: Sequence[str], masks: Masks | None = None) -> list[str]:
    """A command line as it may be shown: `--token X`, `--token=X` and `Authorization: X` without the X."""
    shown: list[str] = []
    flag = ""
    for arg in args:
        assigned = _ASSIGNED.fullmatch(arg)
        if assigned and looks_secret(assigned["name"]):
            shown.append(assigned["head"] + _hide(assigned["value"], masks))
        else:
            shown.append(disguise(flag, arg, masks))
        flag = arg if arg.startswith("-") and not assigned else ""
    return shown


def _hide(value: str, masks: Masks | None) -> str:
    """`value` if it holds nothing but references and the name of a scheme, else dots."""
    secret = _REFERENCE_OR_SCHEME.sub("", value).strip()
    if not secret:
        return value
    if masks is not None:
        masks.add(secret)
    return HIDDEN
