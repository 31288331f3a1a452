"""What operators' commands share: the store without any server started, who acts, and failures as sentences."""

import getpass
import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from server.commands.output import printed
from server.config import ConfigurationError, Files, Problem, files_of_servers, load_again
from server.errors import RolloutRefused
from server.generation import NOTHING_SET, Generation, generation_of
from server.instants import iso
from server.operations import By, NoSuchVersion, Operations, who_was_first
from server.state.database import StoreError
from server.state.policies import Conflict, Version
from server.state.store import Store, open_store, place_of_store
from server.wellformed import printable

__all__ = ["Desk", "Undone", "at_desk", "differences", "moment", "operator", "report", "version_data"]


@dataclass(frozen=True)
class Desk:
    """What an operator works with: the store, the files of those that serve, the newest version of the policy, what is in
    force, the deeds.

    The version and the configuration are read when they are asked for: what takes calls back needs neither, and must
    work where one of them is broken.
    """

    store: Store
    own: Files

    @cached_property
    def newest(self) -> Version:
        """The newest version. Raises StoreError."""
        return self.store.policies.latest() or NOTHING_SET

    @cached_property
    def files(self) -> Files:
        """The files of those that serve, or those named. Raises StoreError, ConfigurationError."""
        return files_of_servers(self.newest.config.get("files"), self.own)

    @cached_property
    def now(self) -> Generation:
        """What is in force for these files. Raises StoreError, ConfigurationError."""
        newest = self.newest
        return generation_of(load_again(self.files, newest.settings, newest.number), newest)

    @property
    def operations(self) -> Operations:
        """The deeds."""
        return Operations(self.store.policies)


class Undone(Exception):
    """It could not be done; the message says why and what to do."""


@contextmanager
def at_desk(config_dir: Path | None, state_dir: Path) -> Generator[Desk]:
    """Open the store. Raises Undone, also for what happens inside."""
    try:
        with open_store(place_of_store(state_dir, os.environ)) as store:
            yield Desk(store, Files(config_dir, os.environ))
    except Conflict as error:
        raise Undone(who_was_first(error, "sophia rollout status")) from error
    except (StoreError, ConfigurationError, NoSuchVersion, RolloutRefused) as error:
        raise Undone(str(error)) from error


def operator(why: str, seen: Version | int | None = None) -> By:
    """The user of this machine, who acts on the command line, on what `seen` showed: a version, or one of this number."""
    try:
        who = getpass.getuser()
    except (OSError, KeyError):  # a container without a name for its user
        who = f"user {os.getuid()}" if hasattr(os, "getuid") else "unknown"
    return By(who, why, seen.number if isinstance(seen, Version) else seen)


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
        "at": iso(version.at),
        "who": version.who,
        "why": version.why,
        "what": version.what,
        "difference": differences(version, tool),
    }


def report(
    version: Version,
    before: int,
    *,
    as_json: bool,
    means: Sequence[str] = (),
    warnings: Sequence[Problem] = (),
    waits: Sequence[str] = (),
) -> int:
    """Say what was changed since the version of that number, and what it `means`. It holds for the next call of every
    process that shares the store, but for what `waits`."""
    if as_json:
        more = {"means": list(means), "warnings": [asdict(one) for one in warnings], "at_next_start": list(waits)}
        printed({**version_data(version), **{name: said for name, said in more.items() if said}})
        return 0
    if version.number == before:
        print(f"Nothing to change: version {version.number} holds already.")  # noqa: T201
    else:
        print(f"Version {version.number}, from the next call on:")  # noqa: T201
        for line in version.difference:
            print(f"  {printable(line)}")  # noqa: T201
        for line in means:
            print(line)  # noqa: T201
    if waits:
        print(f"When Sophia is started again, and not before: {', '.join(waits)}")  # noqa: T201
    for one in warnings:
        print(f"Warning: {one}")  # noqa: T201
    return 0
