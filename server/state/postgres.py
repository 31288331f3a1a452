"""The state store in a PostgreSQL database, for several machines that serve as one.

Everything lies in the schema `sophia`. One connection does the work, one statement at a time; it is made anew when the
server was away. Connect directly or through a pooler that keeps sessions: a session is what listens and has settings.
"""

import logging
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread
from typing import Any, LiteralString, cast

import psycopg
from psycopg import conninfo, errors

from server.state import migrations
from server.state.database import NOT_KEPT, Row, StoreError, Transaction, Value

__all__ = ["PostgresDatabase", "open_postgres"]

logger = logging.getLogger(__name__)

SCHEMA = "sophia"
CHANNEL = "sophia_state"
CHECK_S = 1.0
LEAVE_WITHIN_S = 1.0
MIGRATING = 7_264_011_553_201
"""The advisory lock under which one of several processes makes or changes the tables; any number nobody else uses."""

CONNECTING: dict[str, Any] = {
    "application_name": "sophia",
    "connect_timeout": 5,
    "client_encoding": "utf8",
    # A server that vanished without a word is given up in seconds.
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
SESSION: tuple[LiteralString, ...] = (
    f"SET search_path TO {SCHEMA}",
    "SET lock_timeout TO '5s'",
    "SET statement_timeout TO '10s'",
    "SET idle_in_transaction_session_timeout TO '10s'",
)
PREPARING: tuple[LiteralString, ...] = (
    "CREATE TABLE IF NOT EXISTS format (version INTEGER NOT NULL)",
    "CREATE OR REPLACE FUNCTION now_s() RETURNS DOUBLE PRECISION LANGUAGE sql VOLATILE AS "
    "'SELECT extract(epoch FROM clock_timestamp())::DOUBLE PRECISION'",
)
TROUBLES: Mapping[type[psycopg.Error], str] = {
    errors.InsufficientPrivilege: (
        "does not give this user the rights that are needed. Let it make the schema with GRANT CREATE ON DATABASE, or "
        f"give it one with CREATE SCHEMA {SCHEMA} AUTHORIZATION."
    ),
    errors.DiskFull: "cannot be written: its disk is full. Free some space.",
    errors.LockNotAvailable: "does not get on: another session holds what is needed. Try again, or end that session.",
    errors.QueryCanceled: "took too long. Try again, or look for what keeps the server busy.",
    errors.ReadOnlySqlTransaction: "can only be read. Name the primary server in SOPHIA_STATE_URL.",
}

Connection = psycopg.Connection[Row]


class PostgresDatabase:
    """The open database."""

    def __init__(self, url: str) -> None:
        self._parameters = _parameters(url)
        self.where = _shown(self._parameters)
        self._lock = Lock()
        self._watches: list[_Watch] = []
        with self._named():
            self._connection = self._connect()
            try:
                _migrate(self._connection, self.where)
            except BaseException:
                self._connection.close()
                raise

    def read(self, query: str, parameters: Sequence[Value] = ()) -> list[Row]:
        """The rows."""
        with self._lock, self._named():
            return self._first(query, parameters).fetchall()

    @contextmanager
    def transaction(self, *, durable: bool = False) -> Generator[Transaction]:
        """What changes together. When the server goes away at its very end, nobody can say whether it was kept."""
        with self._lock, self._named():
            self._first("BEGIN")
            connection = self._connection
            try:
                if not durable:
                    connection.execute("SET LOCAL synchronous_commit TO off")
                yield _Transaction(connection)
                if durable:
                    connection.execute(f"NOTIFY {CHANNEL}")
                self._commit(connection)
            except BaseException:
                with suppress(psycopg.Error):  # a connection that broke has nothing left to roll back
                    connection.execute("ROLLBACK")
                raise
        if durable:
            for watch in self._watches:
                with suppress(StoreError):  # what was kept is kept; the watch looks again by itself
                    watch.look(self.read)

    def watch(self, query: str) -> Callable[[], int]:
        """Asks over and over for one number."""
        watch = _Watch(query, self.read, self._connect, self.where)
        watch.look(self.read)
        self._watches.append(watch)
        return watch.number

    def close(self) -> None:
        """End it, with its watches."""
        listening = [watch for watch in self._watches if watch.end()]
        with self._lock:
            if listening:
                with suppress(psycopg.Error):
                    self._connection.execute(f"NOTIFY {CHANNEL}")  # so that none of them waits for its next check
            self._connection.close()
        for watch in listening:
            watch.join()

    def _connect(self) -> Connection:
        connection = psycopg.connect(**self._parameters, autocommit=True, prepare_threshold=None)
        try:
            for statement in SESSION:
                connection.execute(statement)
        except BaseException:
            connection.close()
            raise
        return connection

    def _first(self, query: str, parameters: Sequence[Value] = ()) -> psycopg.Cursor[Row]:
        """Run what needs nothing to have been done before: on a new connection, if the old one turns out to be broken."""
        if not self._connection.closed:
            try:
                return self._connection.execute(_sql(query), parameters)
            except psycopg.OperationalError:
                if not self._connection.closed:
                    raise
        self._connection = self._connect()
        return self._connection.execute(_sql(query), parameters)

    def _commit(self, connection: Connection) -> None:
        try:
            connection.execute("COMMIT")
        except psycopg.OperationalError as error:
            if not connection.closed:
                raise
            raise StoreError(
                f"The state store {self.where} went away while a change was being kept. Look whether it was, before you "
                "make it again."
            ) from error

    @contextmanager
    def _named(self) -> Generator[None]:
        """Says what is wrong, and what to do, where PostgreSQL says that something is."""
        try:
            yield
        except psycopg.Error as error:
            raise StoreError(f"The state store {self.where} {_trouble(error)}") from error
        except (OverflowError, UnicodeEncodeError) as error:
            raise StoreError(f"The state store {self.where} {NOT_KEPT}") from error


class _Transaction:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def read(self, query: str, parameters: Sequence[Value] = ()) -> list[Row]:
        return self._connection.execute(_sql(query), parameters).fetchall()

    def write(self, statement: str, *rows: Sequence[Value]) -> int:
        with self._connection.cursor() as cursor:
            if len(rows) == 1:
                cursor.execute(_sql(statement), rows[0])
            else:
                cursor.executemany(_sql(statement), rows)
            return max(0, cursor.rowcount)


class _Watch:
    """A number that a thread keeps up to date: told by NOTIFY, and each second in case that was not heard.

    The thread starts with the first question, which alone waits for the server: a command that only writes needs none.
    """

    def __init__(
        self, query: str, read: Callable[[str], list[Row]], connect: Callable[[], Connection], where: str
    ) -> None:
        self._query = query
        self._read = read
        self._connect = connect
        self._where = where
        self._number = 0
        self._lock = Lock()
        self._starting = Lock()
        self._ended = Event()
        self._away = False
        self._thread: Thread | None = None

    def number(self) -> int:
        if self._thread is None and not self._ended.is_set():
            self._start()
        return self._number

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                with suppress(StoreError):
                    self.look(self._read)
                self._thread = Thread(target=self._keep, name="sophia state watch", daemon=True)
                self._thread.start()

    def look(self, read: Callable[[str], list[Row]]) -> None:
        with self._lock:  # held while reading: what was read first must not be put down last
            self._number = int(read(self._query)[0][0])

    def end(self) -> bool:
        """Have it end; whether there is anything to wait for."""
        self._ended.set()
        return self._thread is not None

    def join(self) -> None:
        if self._thread is not None:
            self._thread.join(LEAVE_WITHIN_S)

    def _keep(self) -> None:
        while not self._ended.is_set():
            try:
                self._listen()
            except Exception as error:  # whatever it is: without this thread an old policy would be kept for ever
                if not self._away:
                    said = type(error).__name__
                    logger.warning("the state store %s is away (%s); policy stays as it is", self._where, said)
                self._away = True
                self._ended.wait(CHECK_S)

    def _listen(self) -> None:
        with self._connect() as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            while not self._ended.is_set():
                self.look(lambda query: connection.execute(_sql(query)).fetchall())
                if self._away:
                    logger.warning("the state store %s is back", self._where)
                self._away = False
                for _ in connection.notifies(timeout=CHECK_S, stop_after=1):
                    pass


def open_postgres(url: str) -> PostgresDatabase:
    """Open the database that a URL names, and make the tables where it has none. Raises StoreError."""
    return PostgresDatabase(url)


def _sql(query: str) -> LiteralString:
    # Every statement of this package is written out in it; parameters never become part of one.
    return cast("LiteralString", query.replace("?", "%s"))


def _parameters(url: str) -> dict[str, Any]:
    try:
        if not url.startswith(("postgresql://", "postgres://")):
            raise ValueError
        return CONNECTING | conninfo.conninfo_to_dict(url)
    except (psycopg.Error, ValueError):
        # What it says quotes the URL, and with that perhaps a password.
        raise StoreError(
            "SOPHIA_STATE_URL is no URL of a PostgreSQL database: write postgresql://USER@HOST:PORT/DATABASE, with "
            "special characters in it percent-encoded."
        ) from None


def _shown(parameters: dict[str, Any]) -> str:
    host, port = parameters.get("host") or "localhost", parameters.get("port")
    name = parameters.get("dbname") or parameters.get("user") or ""
    return f"postgresql://{host}{f':{port}' if port else ''}/{name}"


def _trouble(error: psycopg.Error) -> str:
    """What is wrong, and what to do, without a word of the server's: it may quote what was sent."""
    if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
        return (
            "cannot be reached. Check that the server runs and has this database, and the host, port, user and "
            "password in SOPHIA_STATE_URL."
        )
    known = next((said for kind, said in TROUBLES.items() if isinstance(error, kind)), None)
    return known or f"refused a statement ({error.sqlstate or type(error).__name__}). The server's log says why."


def _migrate(connection: Connection, where: str) -> None:
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (MIGRATING,))
        # Asked first: CREATE SCHEMA wants a right even where there is nothing to make.
        if connection.execute("SELECT to_regnamespace(%s)", (SCHEMA,)).fetchall() == [(None,)]:
            connection.execute(f"CREATE SCHEMA {SCHEMA}")
        if connection.execute("SELECT to_regclass(%s)", (f"{SCHEMA}.format",)).fetchall() == [(None,)]:
            for statement in PREPARING:
                connection.execute(statement)
        rows = connection.execute("SELECT version FROM format").fetchall()
        version = int(rows[0][0]) if rows else 0
        for statement in migrations.missing(version, where, "name another database in SOPHIA_STATE_URL"):
            connection.execute(_sql(statement))
        if version < len(migrations.MIGRATIONS):
            connection.execute("DELETE FROM format")
            connection.execute("INSERT INTO format (version) VALUES (%s)", (len(migrations.MIGRATIONS),))
