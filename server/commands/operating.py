"""What operators' commands share: the store without any server started, who acts, and failures as sentences."""

import getpass
import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from server.commands.output import printed
from server.config import ConfigurationError, Files, Problem, files_of_servers, load_again
from server.errors import RolloutRefused
from server.generation import NOTHING_SET, Generation, generation_of
from server.operations import By, NoSuchVersion, Operations, who_was_first
from server.state.database import StoreError
from server.state.policies import Conflict, Version
from server.state.store import Store, open_store, place_of_store

__all__ = ["Desk", "Undone", "at_desk", "differences", "moment", "operator", "report", "version_data"]


@dataclass(frozen=True, slots=True)
class Desk:
    """What an operator works with: the store, the files of those that serve, the newest version of the policy, what is in
    force, the deeds."""

    store: Store
    files: Files
    newest: Version
    now: Generation
    operations: Operations


class Undone(Exception):
    """It could not be done; the message says why and what to do."""


@contextmanager
def at_desk(config_dir: Path | None, state_dir: Path) -> Generator[Desk]:
    """Open the store and read the configuration of those that serve, or the one named, with what is set on it. Raises Undone, also for what happens inside."""
    try:
        with open_store(place_of_store(state_dir, os.environ)) as store:
            newest = store.policies.latest() or NOTHING_SET
            files = files_of_servers(newest.config.get("files"), Files(config_dir, os.environ))
            now = generation_of(load_again(files, newest.settings, newest.number), newest)
            yield Desk(store, files, newest, now, Operations(store.policies))
    except Conflict as error:
        raise Undone(who_was_first(error, "sophia rollout status")) from error
    except (StoreError, ConfigurationError, NoSuchVersion, RolloutRefused) as error:
        raise Undone(str(error)) from error


def operator(why: str, seen: Version | None = None) -> By:
    """The user of this machine, who acts on the command line, on what `seen` showed."""
    try:
        who = getpass.getuser()
    except (OSError, KeyError):  # a container without a name for its user
        who = f"user {os.getuid()}" if hasattr(os, "getuid") else "unknown"
    return By(who, why, None if seen is None else seen.number)


def moment(at: float) -> str:
    """A time as operators read it, in their own zone."""
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def differences(version: Version, tool: str | None = None) -> list[str]:
    """What differed, in lines; with `tool` only what its rollout did."""
    return [line for line in version.difference if tool is None or line.startswith(f"{tool}: ")]


def version_data(version: Version, tool: str | None = None) -> Mapping[str, Any]:
    """A version for programs; with `tool` only what differed about its rollout."""
    return {
        "version": version.number,
        "at": datetime.fromtimestamp(version.at, UTC).isoformat(timespec="seconds"),
        "who": version.who,
        "why": version.why,
        "what": version.what,
        "difference": differences(version, tool),
    }


def report(
    version: Version,
    before: Version,
    *,
    as_json: bool,
    means: Sequence[str] = (),
    warnings: Sequence[Problem] = (),
    waits: Sequence[str] = (),
) -> int:
    """Say what was changed and what it `means`. It holds for the next call of every process that shares the store, but for what `waits`."""
    if as_json:
        more = {"means": list(means), "warnings": [asdict(one) for one in warnings], "at_next_start": list(waits)}
        printed({**version_data(version), **{name: said for name, said in more.items() if said}})
        return 0
    if version.number == before.number:
        print(f"Nothing to change: version {version.number} holds already.")  # noqa: T201
    else:
        print(f"Version {version.number}, from the next call on:")  # noqa: T201
        for line in version.difference:
            print(f"  {line}")  # noqa: T201
        for line in means:
            print(line)  # noqa: T201
    if waits:
        print(f"When Sophia is started again, and not before: {', '.join(waits)}")  # noqa: T201
    for one in warnings:
        print(f"Warning: {one}")  # noqa: T201
    return 0
