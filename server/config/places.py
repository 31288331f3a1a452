"""Which files a configuration is read from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from server.config.problems import ConfigurationError, Problem, nearest

AGNO_FILE: Final = "services/agno_integration.yaml"
DOWNSTREAM_FILE: Final = "downstream.yaml"
CONFIG_DIR_VARIABLE: Final = "SOPHIA_CONFIG_DIR"

_AGNO_NAMES: Final = (AGNO_FILE, "agno_integration.yaml")
_DOWNSTREAM_NAMES: Final = (DOWNSTREAM_FILE, "downstream.json")


@dataclass(frozen=True, slots=True)
class OperatorFiles:
    """What an operator's directory holds; `warnings` names files that look like a slip."""

    agno: Path | None = None
    downstream: Path | None = None
    warnings: tuple[Problem, ...] = ()


def defaults_dir() -> Path:
    """The packaged defaults: beside this package in an installed wheel, `config/` in a checkout."""
    package = Path(__file__).parent
    installed = package / "defaults"
    return installed if installed.is_dir() else package.parents[1] / "config"


def directory_of(config_dir: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The operator's directory: the one that was named, else that of `SOPHIA_CONFIG_DIR`, else none."""
    named = environ.get(CONFIG_DIR_VARIABLE)
    directory = config_dir or (Path(named) if named else None)
    return None if directory is None else directory.expanduser()


def operator_files(config_dir: Path | None, environ: Mapping[str, str]) -> OperatorFiles:
    """The files of `config_dir`, else of `SOPHIA_CONFIG_DIR`, else none.

    Raises `ConfigurationError` if the directory is missing or holds two files for the same thing.
    """
    directory = directory_of(config_dir, environ)
    if directory is None:
        return OperatorFiles()
    if not directory.is_dir():
        raise ConfigurationError([Problem(str(directory), "", "there is no such configuration directory")])
    agno, downstream = _one_of(directory, _AGNO_NAMES), _one_of(directory, _DOWNSTREAM_NAMES)
    return OperatorFiles(agno, downstream, tuple(_slips(directory, read=(agno, downstream))))


def _one_of(directory: Path, names: tuple[str, ...]) -> Path | None:
    present = [directory / name for name in names if (directory / name).is_file()]
    if len(present) > 1:
        both = f"{names[0]} and {names[1]} are both here; keep one"
        raise ConfigurationError([Problem(str(directory), "", both)])
    return present[0] if present else None


def _slips(directory: Path, read: tuple[Path | None, ...]) -> list[Problem]:
    """Files whose name is nearly one that would be read, and a directory in which nothing is."""
    valid = {Path(name).name for name in (*_AGNO_NAMES, *_DOWNSTREAM_NAMES)}
    here = [*directory.glob("*.*"), *directory.glob("services/*.*")]
    slips = [
        Problem(str(file), "", "is not read", f"did you mean {meant[0]}?")
        for file in sorted(here)
        if file not in read
        and file.suffix in {".yaml", ".yml", ".json"}
        and (meant := nearest(file.name, sorted(valid)))
    ]
    if not slips and not any(read):
        expected = f"expected {AGNO_FILE}, {DOWNSTREAM_FILE}, or both"
        slips.append(Problem(str(directory), "", "holds no configuration file: the defaults are in effect", expected))
    return slips
