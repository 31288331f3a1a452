"""What users of this machine wrote: one SQLite file for each server, there from the first write on.

Sample data stays in the package and is never copied; a server that nothing was written to leaves no file behind. Every
process that serves opens the same file, so what one wrote the next one reads. A connection lives for one operation: a
write that its caller gave up on can then never mix with the next.
"""

import argparse
import os
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

from workspace.toolset import ToolError

__all__ = ["Written", "data_dir_argument"]

DATA_VARIABLE = "SOPHIA_WORKSPACE_DATA"
BUSY_TIMEOUT_S = 5.0


def data_dir_argument(module: str, description: str) -> Path:
    """Read a program's command line: where what is written is kept, else the user's own data directory."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=description)
    parser.add_argument(
        "--data",
        metavar="DIR",
        default=os.environ.get(DATA_VARIABLE) or None,
        help=f"where what is written is kept (or {DATA_VARIABLE}); your own data directory by default",
    )
    if named := parser.parse_args().data:
        return Path(named).expanduser()
    from platformdirs import user_data_path

    return user_data_path("sophia", appauthor=False) / "workspace"


class Written:
    """The rows of one file, with the tables that `schema` makes. Failures of the file are ToolErrors."""

    def __init__(self, file: Path, schema: str) -> None:
        self._file = file
        self._schema = schema

    @contextmanager
    def reading(self) -> Generator[sqlite3.Connection | None]:
        """A connection for queries; None while nothing was ever written."""
        with _plain_errors("read"):
            if not self._file.exists():
                yield None
                return
            with closing(self._connected()) as connection:
                yield connection

    @contextmanager
    def writing(self) -> Generator[sqlite3.Connection]:
        """A connection in one transaction that nobody else writes beside: all of it is kept on leaving, or nothing."""
        with _plain_errors("write"):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._connected()) as connection:
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                except BaseException:
                    connection.execute("ROLLBACK")
                    raise
                connection.execute("COMMIT")

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._file, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        try:
            connection.executescript(self._schema)
        except BaseException:
            connection.close()
            raise
        return connection


@contextmanager
def _plain_errors(doing: str) -> Generator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        what = f"What was written on this machine cannot be {'read' if doing == 'read' else 'added to'}"
        remedy = f"look at the directory that {DATA_VARIABLE} names, its space and its permissions"
        raise ToolError("storage", f"{what} ({type(error).__name__}): {remedy}.") from error
