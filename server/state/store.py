"""The state store: everything that processes share, behind one name for each table.

It is a SQLite file in the state directory, or a PostgreSQL database where SOPHIA_STATE_URL names one, so that several
machines can share it. Reads at start-up are plain calls; what is asked while serving goes through `anyio.to_thread`, so
that the event loop never waits for a disk; `policies.number()` alone is made to be asked before every decision.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from server.state.catalogs import Catalogs
from server.state.database import Database, StoreError
from server.state.decisions import Decisions
from server.state.leases import Leases
from server.state.policies import Policies
from server.state.ratings import Ratings
from server.state.sqlite import open_sqlite
from server.state.tallies import Tallies

__all__ = ["Store", "open_store", "place_of_store"]


class Store:
    """The open store. Safe to call from any thread; every call raises StoreError where the database cannot be used."""

    def __init__(self, database: Database) -> None:
        self.where = database.where
        self.catalogs = Catalogs(database)
        self.decisions = Decisions(database)
        self.policies = Policies(database)
        self.tallies = Tallies(database)
        self.leases = Leases(database)
        self.ratings = Ratings(database)
        self._database = database

    def close(self) -> None:
        """Close the database."""
        self._database.close()


@contextmanager
def open_store(where: Path | str) -> Generator[Store]:
    """Open, or make, the store in a directory, or in the PostgreSQL database that a URL names.

    Raises StoreError when it cannot be reached or written, or is not a store of this or an older release.
    """
    database = open_sqlite(where) if isinstance(where, Path) else _open_postgres(where)
    try:
        yield Store(database)
    finally:
        database.close()


def place_of_store(state_dir: Path, environ: Mapping[str, str]) -> Path | str:
    """Where the store is: what SOPHIA_STATE_URL names, or the state directory, in which files stay in either case."""
    return environ.get("SOPHIA_STATE_URL", "").strip() or state_dir


def _open_postgres(url: str) -> Database:
    try:
        # Imported only where it is wanted: most installations have no PostgreSQL and no driver of it.
        from server.state.postgres import open_postgres
    except ImportError as error:
        raise StoreError(
            "SOPHIA_STATE_URL names a PostgreSQL database, whose driver is not installed: "
            "pip install 'sophia[postgres]', or leave the variable away to keep state in a file."
        ) from error
    return open_postgres(url)
