"""Secrets are references, never values: what a reference looks like, and the one place that resolves it.

    ${env:NAME}                    a variable of Sophia's own environment; ${env:NAME:-default} if unset or empty
    ${file:/run/secrets/name}      the text of a file, without its last line break
    ${esc:org/project/env#path}    a property of a Pulumi ESC environment, read with the `esc` command line
    ${python}                      the interpreter that runs Sophia; no secret
    $${                            a literal ${

References are checked when a configuration is loaded and resolved when a server is started, never before.
What a reference resolves to goes to the caller's `Masks` before it goes anywhere else.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from server.config.environment import RESERVED
from server.config.masking import Masks
from server.config.problems import nearest

_REFERENCE = re.compile(r"(?P<escaped>\$\$\{)|\$\{(?P<body>[^{}]*)(?P<closed>\}?)")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ESC = re.compile(r"\w[\w.-]*(?:/[\w.-]+){0,2}(?:@[\w.-]+)?#[^-].*")
_ESC_TIMEOUT_S = 15
_MAX_FILE_BYTES = 64 * 1024
_NO_ESC: Final = "the `esc` command is not installed; install the Pulumi ESC command line"
_FORMS: Final[Mapping[str, str]] = {
    "env": "${env:NAME}",
    "file": "${file:/absolute/path}",
    "esc": "${esc:org/project/env#path}",
    "python": "${python}",
}


class BadReferenceError(ValueError):
    """The text of a reference is malformed; `suggestion` says how it is written."""

    def __init__(self, message: str, suggestion: str) -> None:
        self.suggestion = suggestion
        super().__init__(message)


class UnresolvedReferenceError(Exception):
    """A well-formed reference leads to nothing now. The message holds no secret; a retry may help.

    It is meant for operators (`doctor`, logs): it names variables and files of this machine.
    """


@dataclass(frozen=True, slots=True)
class Reference:
    """`kind` env, file, esc or python; `name` what stands behind it; `default` for env only."""

    kind: str
    name: str
    default: str | None = None

    def __str__(self) -> str:
        name = f":{self.name}" if self.name else ""
        return f"${{{self.kind}{name}}}"


def references(text: str) -> Iterator[Reference]:
    """Every reference in `text`; raises `BadReferenceError` for one that is malformed."""
    for found in _REFERENCE.finditer(text):
        if not found["escaped"]:
            yield _parse(found["body"], closed=bool(found["closed"]))


def _parse(body: str, *, closed: bool) -> Reference:
    if not closed:
        raise BadReferenceError("a reference is not closed", "close it with }, or write $${ for a plain ${")
    kind, _, rest = body.partition(":")
    name, marker, default = rest.partition(":-")
    match kind:
        case "python" if not rest:
            return Reference("python", "")
        case "env" if _VARIABLE.fullmatch(name):
            return Reference("env", name, default if marker else None)
        case "file" if rest.startswith("~") or Path(rest).is_absolute():
            return Reference("file", rest)
        case "esc" if _ESC.fullmatch(rest):
            return Reference("esc", rest)
        case _:
            # not repeated: a password may hold a ${ of its own
            raise BadReferenceError("what stands in ${} is not a reference", _advice(kind, rest))


def _advice(kind: str, rest: str) -> str:
    if _VARIABLE.fullmatch(kind) and kind.isupper() and rest[:1] in ("", "-"):
        return f"did you mean ${{env:{kind}}}?"  # as a shell or another client would write it
    meant = (kind,) if kind in _FORMS else nearest(kind, _FORMS)
    return f"write {' or '.join(_FORMS[each] for each in meant or _FORMS)}"


def resolve(text: str, environ: Mapping[str, str], masks: Masks) -> str:
    """`text` with every reference replaced by what it leads to; the secrets among them join `masks`.

    May run the `esc` command line (up to 15 s): call it from a thread, not from the event loop.
    Raises `UnresolvedReferenceError`.
    """

    def replace(found: re.Match[str]) -> str:
        if found["escaped"]:
            return "${"
        return _look_up(_parse(found["body"], closed=bool(found["closed"])), environ, masks)

    return _REFERENCE.sub(replace, text)


def why_missing(reference: Reference, environ: Mapping[str, str]) -> str | None:
    """Why `reference` leads to nothing, as far as that can be told at once; None if nothing speaks against it.

    For `sophia config check`: it looks, but reads no secret and runs no program.
    """
    match reference.kind:
        case "env":
            known = environ.get(reference.name) or reference.default is not None
            return None if known else _WHY_EMPTY["env"]
        case "file":
            return None if Path(reference.name).expanduser().is_file() else "there is no such file"
        case "esc":
            return None if shutil.which("esc", path=environ.get("PATH")) else _NO_ESC
        case _:
            return None


def _look_up(reference: Reference, environ: Mapping[str, str], masks: Masks) -> str:
    match reference.kind:
        case "python":
            return sys.executable
        case "env":
            value = environ.get(reference.name, "")
            if not value and reference.default is not None:
                return reference.default
        case "file":
            value = _read_secret(reference)
        case _:
            value = _open_esc(reference, environ)
    if not value:
        raise UnresolvedReferenceError(f"{reference}: {_WHY_EMPTY[reference.kind]}")
    if reference.name not in RESERVED:  # our own variables say where files lie, which is no secret
        masks.add(value)
    return value


_WHY_EMPTY: Final = {
    "env": "this variable is not set in the environment that Sophia was started in",
    "file": "this file is empty",
    "esc": "this property is empty",
}


def _read_secret(reference: Reference) -> str:
    try:
        with Path(reference.name).expanduser().open("rb") as file:
            content = file.read(_MAX_FILE_BYTES + 1)
        if len(content) > _MAX_FILE_BYTES:
            raise UnresolvedReferenceError(f"{reference}: this file is larger than {_MAX_FILE_BYTES} bytes")
        return content.decode().removesuffix("\n").removesuffix("\r")
    except OSError as fault:
        raise UnresolvedReferenceError(f"{reference}: {fault.strerror}") from fault
    except UnicodeDecodeError:
        # not chained: the error object carries the file's bytes
        raise UnresolvedReferenceError(f"{reference}: this file is not UTF-8 text") from None


def _open_esc(reference: Reference, environ: Mapping[str, str]) -> str:
    program = shutil.which("esc", path=environ.get("PATH"))
    if program is None:
        raise UnresolvedReferenceError(f"{reference}: {_NO_ESC}")
    environment, _, path = reference.name.partition("#")
    command = [program, "open", environment, path, "--format", "string"]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, its arguments matched above, no shell
            command,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=_ESC_TIMEOUT_S,
            env=dict(environ),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UnresolvedReferenceError(f"{reference}: `esc` gave no answer in {_ESC_TIMEOUT_S} s") from None
    except OSError as fault:
        raise UnresolvedReferenceError(f"{reference}: `esc` cannot be run: {fault.strerror}") from fault
    if done.returncode != 0:
        # its own words may hold a value: only the exit code is ours to show
        raise UnresolvedReferenceError(
            f"{reference}: `esc open {environment} {path}` failed with exit code {done.returncode}; "
            "run it in a terminal to see why (`esc login` is the usual cure)"
        )
    return done.stdout.removesuffix("\n")
