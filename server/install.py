"""`sophia install`: tell an MCP client how to start this Sophia, by printing the entry or by writing it.

Writing touches one entry of one file and nothing else: every other entry and every unknown key stays, the
file as it was is kept beside it as `.bak` the first time, the new text replaces the old at once or not at
all, and a second run changes nothing. A file that is not plain JSON (VS Code allows comments) is left
alone: rewriting it would lose what we cannot read.

A client starts Sophia in a folder and an environment of its own, so paths are written absolute and the settings that
are in the environment now are written along. Those are no secrets; keys of model providers are never written.

    InstallError    the file or the machine does not allow it; the message says what to do, nothing was changed
"""

import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias, cast, get_args

from server.config.agno_integration import AgnoIntegration
from server.config.environment import PREFIX, RESERVED, variable
from server.config.schema import ANY_NAME, leaves

ClientName: TypeAlias = Literal["claude-code", "claude-desktop", "vscode", "cursor"]
CLIENTS: Final[tuple[ClientName, ...]] = get_args(ClientName)

_Json: TypeAlias = "dict[str, object]"
_ENTRY: Final = "sophia"
_PATHS: Final = {"SOPHIA_CONFIG_DIR", "SOPHIA_STATE_DIR", "SOPHIA_GONG_DATA"}
_SECRETS: Final = {"SOPHIA_STATE_URL"}  # it may hold a password
_OTHER_WAYS: Final = ("url", "serverUrl", "headers", "transport")  # of an entry that was no local program


class InstallError(Exception):
    """Nothing was written; the message names the file and says what to do."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a client's files are sought; the defaults are this machine's."""

    home: Path
    project: Path
    platform: str
    environ: Mapping[str, str]

    @classmethod
    def this(cls) -> "Machine":
        return cls(Path.home(), Path.cwd(), sys.platform, os.environ)


@dataclass(frozen=True, slots=True)
class Installation:
    """What goes where: `entry` under the name `sophia` in the group `top_key` of `file`.

    `carried` are the variables that the entry sets, `left_out` those of our prefix that it does not.
    """

    client: ClientName
    file: Path
    top_key: str
    entry: Mapping[str, object]
    after: str
    carried: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def snippet(self) -> str:
        """The JSON to paste, whole: a file that holds nothing else is valid."""
        return json.dumps({self.top_key: {_ENTRY: self.entry}}, indent=2, ensure_ascii=False)

    def describe(self) -> str:
        where = f"Put this into {self.file}, or run the same command with --write:"
        return "\n\n".join((where, self.snippet(), self.after, *self.variables()))

    def variables(self) -> tuple[str, ...]:
        """What is to be said about the environment, a line each."""
        carried = f"Taken along from your environment: {', '.join(self.carried)}." if self.carried else ""
        left = (
            f"Not taken along, since Sophia has no such setting: {', '.join(self.left_out)}." if self.left_out else ""
        )
        return tuple(line for line in (carried, left) if line)


@dataclass(frozen=True, slots=True)
class Written:
    """`changed` is False when the entry was there already; `backup` is the copy made by this write."""

    file: Path
    changed: bool
    backup: Path | None = None


def plan(
    client: ClientName,
    *,
    config_dir: Path | None = None,
    state_dir: Path | None = None,
    executable: Path | None = None,
    machine: Machine | None = None,
) -> Installation:
    """The entry that starts this Sophia over stdio in `client`, and the file that it belongs to."""
    machine = machine or Machine.this()
    command = executable or sophia_executable()
    args = ["serve"]
    for option, folder in (("--config", config_dir), ("--state", state_dir)):
        args += [] if folder is None else [option, _absolute(folder)]
    entry: _Json = {"command": str(command), "args": args}
    named = {"SOPHIA_CONFIG_DIR"} if config_dir else set[str]()
    named |= {"SOPHIA_STATE_DIR"} if state_dir else set()
    env = _settings({name: value for name, value in machine.environ.items() if name not in named})
    if env:
        entry["env"] = env
    left_out = sorted(name for name in machine.environ if name.startswith(PREFIX) and name not in {*env, *named})
    file, top_key, after = _place(client, machine)
    if client == "vscode":
        entry = {"type": "stdio", **entry}
    return Installation(client, file, top_key, entry, after, tuple(env), tuple(left_out))


def _settings(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that Sophia itself reads. Others of the prefix may be secrets that a reference names."""
    ours = RESERVED - _SECRETS | {variable(keys) for keys, _ in leaves(AgnoIntegration) if ANY_NAME not in keys}
    return {
        name: _absolute(Path(value)) if name in _PATHS else value
        for name, value in sorted(environ.items())
        if name in ours and value
    }


def _absolute(path: Path) -> str:
    return str(path.expanduser().absolute())


def _place(client: ClientName, machine: Machine) -> tuple[Path, str, str]:
    """The client's file, its group of servers, and what to do once the entry is there."""
    match client:
        case "claude-code":
            file, after = machine.project / ".mcp.json", "Then start `claude` in this folder and approve the server."
        case "claude-desktop":
            file, after = _claude_desktop_file(machine), "Then quit Claude Desktop and start it again."
        case "vscode":
            return machine.project / ".vscode" / "mcp.json", "servers", "Then press Start above the entry in VS Code."
        case "cursor":
            own = machine.project / ".cursor"
            file = (own if own.is_dir() else machine.home / ".cursor") / "mcp.json"
            after = "Then switch the server on in Cursor's settings, under MCP."
    return file, "mcpServers", after


def sophia_executable() -> Path:
    """The `sophia` command of the environment that runs now, as an absolute path; raises `InstallError`."""
    # not resolved: in a virtual environment the interpreter is a link that leads out of it
    beside = Path(sys.executable).absolute().parent / ("sophia.exe" if sys.platform == "win32" else "sophia")
    if beside.is_file():
        return beside
    raise InstallError(f"there is no sophia command at {beside}: install the package into this environment first")


def _claude_desktop_file(machine: Machine) -> Path:
    match machine.platform:
        case "darwin":
            folder = machine.home / "Library" / "Application Support"
        case "win32":
            folder = Path(machine.environ.get("APPDATA") or machine.home / "AppData" / "Roaming")
        case _:
            folder = Path(machine.environ.get("XDG_CONFIG_HOME") or machine.home / ".config")
    return folder / "Claude" / "claude_desktop_config.json"


def write(installation: Installation) -> Written:
    """Merge the entry into its file; raises `InstallError` and changes nothing if that is not safe."""
    file = installation.file.resolve()  # a linked file (dotfiles) stays a link: what it points to is replaced
    try:
        before = file.read_bytes().decode() if file.exists() else ""
        after = _merge(installation, before)
        if after is None:
            return Written(file, changed=False)
        backup = _back_up(file)
        _replace(file, after)
    except OSError as fault:
        raise InstallError(f"{installation.file} cannot be written: {fault.strerror}") from fault
    except UnicodeError as fault:
        raise InstallError(f"{installation.file} is not UTF-8 text: add the entry by hand") from fault
    return Written(file, changed=True, backup=backup)


def _merge(installation: Installation, before: str) -> str | None:
    """The file's text with the entry in it, formatted as the file was; None if it is there already."""
    content = _parse(installation, before)
    servers = content.setdefault(installation.top_key, {})
    if not isinstance(servers, dict):
        raise InstallError(f"{installation.file}: {installation.top_key} is not an object; mend the file first")
    group = cast("_Json", servers)
    present = group.get(_ENTRY)
    kept = cast("_Json", present) if isinstance(present, dict) else {}
    merged = {key: value for key, value in kept.items() if key not in _OTHER_WAYS and key != "type"}
    merged |= installation.entry
    if isinstance(env := kept.get("env"), dict):  # such as a key that somebody wrote there by hand
        merged["env"] = {**cast("_Json", env), **cast("_Json", installation.entry.get("env", {}))}
    if present == merged:
        return None
    group[_ENTRY] = merged
    bom = "\ufeff" if before.startswith("\ufeff") else ""
    return bom + json.dumps(content, indent=_indent(before), ensure_ascii=before.isascii()) + "\n"


def _parse(installation: Installation, text: str) -> _Json:
    try:
        content: object = json.loads(text.removeprefix("\ufeff").strip() or "{}", object_pairs_hook=_distinct)
    except (ValueError, RecursionError) as fault:
        comments = "; it may hold comments, which a rewrite would lose" if "//" in text or "/*" in text else ""
        raise InstallError(
            f"{installation.file} is not plain JSON ({fault}){comments}: it was left as it is. "
            f'Add this under "{installation.top_key}" by hand:\n{installation.snippet()}'
        ) from fault
    if not isinstance(content, dict):
        raise InstallError(f"{installation.file} does not hold a JSON object: it was left as it is")
    return cast("_Json", content)


def _distinct(pairs: list[tuple[str, object]]) -> _Json:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return content


def _indent(text: str) -> int | str:
    found = re.search(r"\n([ \t]+)\S", text)
    if found is None:
        return 2
    return "\t" if "\t" in found[1] else len(found[1])


def _back_up(file: Path) -> Path | None:
    """The file as it was before we ever wrote to it; made once, never overwritten."""
    backup = file.with_name(file.name + ".bak")
    if not file.exists() or backup.exists():
        return None
    shutil.copy2(file, backup)
    return backup


def _replace(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as new:
            new.write(text.encode())
            new.flush()
            os.fsync(new.fileno())
        _copy_mode(file, Path(name))
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _copy_mode(file: Path, new: Path) -> None:
    """The permissions that the file had; a new file gets the usual ones of this user."""
    if file.exists():
        shutil.copymode(file, new)
    else:
        umask = os.umask(0)
        os.umask(umask)
        new.chmod(0o666 & ~umask)
