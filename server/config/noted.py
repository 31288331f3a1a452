"""What is kept of the files that a serving process was started with, so that commands beside it read the same.

A command that is typed in another shell knows neither the directory nor the `SOPHIA_*` variables of a process that
serves. Kept are the directory and the variables that set a key; no secret is among them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

from server.config.configuration import Configuration, Files
from server.config.environment import setting_variables
from server.config.places import CONFIG_DIR_VARIABLE, directory_of


class NotedFiles(TypedDict):
    """The directory, absolute, and the variables by name."""

    config_dir: str | None
    variables: dict[str, str]


def noted_files(configuration: Configuration) -> NotedFiles:
    """What is kept of a configuration's files."""
    files = configuration.files
    directory = directory_of(files.config_dir, files.environ)
    named = {source.name for source in configuration.provenance.values() if source.origin == "environment"}
    return {
        "config_dir": None if directory is None else str(directory.resolve()),
        "variables": {name: files.environ[name] for name in sorted(named)},
    }


def files_of_servers(noted: NotedFiles | None, own: Files) -> Files:
    """The files that the processes which serve read. Those of the command where another directory is named for it, where
    nothing was kept, or where what was kept is of another machine."""
    if noted is None or not is_here(noted) or other_directory(noted, own) is not None:
        return own
    kept = noted["config_dir"]
    left_out = {*setting_variables(), CONFIG_DIR_VARIABLE}
    environ: Mapping[str, Any] = {name: value for name, value in own.environ.items() if name not in left_out}
    return Files(None if kept is None else Path(kept), {**environ, **noted["variables"]})


def other_directory(noted: NotedFiles, own: Files) -> Path | None:
    """The directory that is named for a command, where it is not the one that was kept."""
    named = directory_of(own.config_dir, own.environ)
    return None if named is None or str(named.resolve()) == noted["config_dir"] else named


def is_here(noted: NotedFiles) -> bool:
    """Whether the directory is on this machine, where there is one."""
    return noted["config_dir"] is None or Path(noted["config_dir"]).is_dir()
