"""The state store in PostgreSQL: what differs from a file is that it is reached over a network, by a password."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import psycopg
import pytest

from server.state import migrations
from server.state.database import StoreError
from server.state.migrations import MIGRATIONS
from server.state.policies import NewVersion
from server.state.store import Store, open_store
from tests.conftest import SOPHIA, quiet_environment
from tests.state.conftest import PostgresServer

CHANGE = NewVersion(who="dana", why="", what="set")
NOBODY_LISTENS = "postgresql://dana:s3cret@127.0.0.1:1/sophia"


class Heard(logging.Handler):
    """Waits for what is logged."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self._words = words
        self._heard = Event()
        self.times = 0

    def emit(self, record: logging.LogRecord) -> None:
        if self._words in record.getMessage():
            self.times += 1
            self._heard.set()

    def wait(self) -> None:
        assert self._heard.wait(30), f"never logged: {self._words}"


@pytest.mark.slow
def test_a_server_that_goes_away_stops_nobody_and_is_found_again(postgres: PostgresServer) -> None:
    away, back = Heard("is away"), Heard("is back")
    log = logging.getLogger("server.state.postgres")
    for handler in (away, back):
        log.addHandler(handler)
    try:
        with open_store(postgres.url) as store:
            store.policies.append(0, CHANGE)
            assert store.policies.number() == 1
            postgres.stop()
            away.wait()
            assert store.policies.number() == 1
            with pytest.raises(StoreError, match="cannot be reached") as refused:
                store.policies.latest()
            assert "ss word" not in str(refused.value)
            postgres.start()
            back.wait()
            assert store.policies.append(1, CHANGE).number == store.policies.number() == 2
        assert (away.times, back.times) == (1, 1)
    finally:
        for handler in (away, back):
            log.removeHandler(handler)


@pytest.fixture
def store_there(postgres: PostgresServer) -> Iterator[Store]:
    with open_store(postgres.url) as store:
        yield store


@pytest.mark.slow
def test_a_connection_that_was_cut_while_nothing_was_asked_costs_nothing(
    postgres: PostgresServer, store_there: Store
) -> None:
    store_there.policies.append(0, CHANGE)
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sophia'")
    assert store_there.policies.append(1, CHANGE).number == 2


@pytest.mark.slow
def test_many_that_open_an_empty_database_at_once_all_get_it(postgres: PostgresServer) -> None:
    kept: list[None] = []

    def opened(name: str) -> None:
        with open_store(postgres.url) as store:
            kept.append(store.catalogs.save(name, "d", {}))

    threads = [Thread(target=opened, args=(name,)) for name in "abcdef"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kept) == 6


@pytest.mark.slow
def test_a_database_of_an_older_release_is_brought_up_whole_or_left_as_it_was(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(postgres.url) as store:
        store.policies.append(0, CHANGE)
    monkeypatch.setattr(
        migrations, "MIGRATIONS", (*MIGRATIONS, "CREATE TABLE half (a TEXT); CREATE TABLE half (a TEXT)")
    )
    with pytest.raises(StoreError), open_store(postgres.url):
        pass
    monkeypatch.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, "CREATE TABLE half (a TEXT)"))
    for _ in range(2):
        with open_store(postgres.url) as store:
            assert store.policies.number() == 1


@pytest.mark.slow
def test_a_database_of_a_newer_release_is_left_alone(postgres: PostgresServer) -> None:
    with open_store(postgres.url):
        pass
    with psycopg.connect(postgres.url) as connection:
        connection.execute("UPDATE sophia.format SET version = version + 1")
    with pytest.raises(StoreError, match=r"newer release .*SOPHIA_STATE_URL"), open_store(postgres.url):
        pass


@pytest.mark.slow
@pytest.mark.parametrize("wrong", [("sophia:", "dana:"), ("@/postgres", "@/nothing"), (":p%40ss", ":s3cret%40ss")])
def test_who_cannot_get_in_is_told_what_to_check_and_never_a_password(
    postgres: PostgresServer, wrong: tuple[str, str]
) -> None:
    url = postgres.url.replace(*wrong)
    assert url != postgres.url
    with pytest.raises(StoreError, match="SOPHIA_STATE_URL") as refused, open_store(url):
        pass
    assert "ss word" not in str(refused.value)
    assert "s3cret" not in str(refused.value)


@pytest.mark.slow
def test_a_user_without_rights_is_told_which_it_needs(postgres: PostgresServer) -> None:
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("SET client_min_messages TO error")
        connection.execute("DROP ROLE IF EXISTS reader")
        connection.execute("CREATE ROLE reader LOGIN PASSWORD 'x'")
    _, _, place = postgres.url.partition("@")
    with pytest.raises(StoreError, match="GRANT CREATE ON DATABASE"), open_store(f"postgresql://reader:x@{place}"):
        pass


@pytest.mark.parametrize(
    "url", ["s3cret", "postgresql://dana:s3cret@host/db?s3cret=1", "mysql://dana:s3cret@host/db"]
)
def test_what_is_no_url_is_not_repeated(url: str) -> None:
    with pytest.raises(StoreError, match="write postgresql://USER@HOST") as refused, open_store(url):
        pass
    assert "s3cret" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_without_the_driver_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "server.state.postgres", None)
    with pytest.raises(StoreError, match=r"pip install 'sophia\[postgres\]'"), open_store(NOBODY_LISTENS):
        pass


@pytest.mark.slow
def test_serving_does_not_begin_without_the_database(tmp_path: Path) -> None:
    ended = subprocess.run(
        [SOPHIA, "serve", "--state", str(tmp_path)],
        env={**quiet_environment(), "SOPHIA_STATE_URL": NOBODY_LISTENS},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert "postgresql://127.0.0.1:1/sophia cannot be reached" in ended.stderr
    assert "s3cret" not in ended.stderr
    assert "Traceback" not in ended.stderr
