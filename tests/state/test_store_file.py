"""The state store as a file that several processes and releases share."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from server.state import migrations
from server.state.database import StoreError
from server.state.decisions import DecisionRecord
from server.state.migrations import MIGRATIONS
from server.state.policies import NewVersion
from server.state.store import open_store, place_of_store

FORMAT_1 = """
CREATE TABLE catalog (
    server TEXT NOT NULL, digest TEXT NOT NULL, saved_at REAL NOT NULL, content TEXT NOT NULL,
    PRIMARY KEY (server, digest)
);
CREATE TABLE decision (id TEXT PRIMARY KEY, at REAL NOT NULL, tool TEXT NOT NULL, content TEXT NOT NULL);
CREATE INDEX decision_at ON decision (at);
INSERT INTO catalog VALUES ('gong', 'd', 1700000000.25, '{"v": 1}');
INSERT INTO decision VALUES ('1', 1700000000.25, 'sales_coach', '{"route": "agno"}');
PRAGMA user_version = 1;
"""

OPENED_AT_ONCE = """
import sys
from pathlib import Path
from server.state.decisions import DecisionRecord
from server.state.store import open_store
print("ready", flush=True)
sys.stdin.readline()
with open_store(Path(sys.argv[1])) as store:
    for n in range(20):
        store.decisions.save([DecisionRecord(f"{sys.argv[2]}-{n}", n, "sales_coach", {"n": n})])
print("done", flush=True)
"""


def user_version(directory: Path) -> int:
    connection = sqlite3.connect(directory / "state.db")
    try:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    finally:
        connection.close()


def set_user_version(directory: Path, version: int) -> None:
    connection = sqlite3.connect(directory / "state.db")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()


def test_what_is_kept_is_there_when_the_store_is_opened_again(tmp_path: Path) -> None:
    decision = DecisionRecord("1", 5.0, "sales_coach", {"route": "agno", "terms": [{"points": 3}]})
    with open_store(tmp_path) as store:
        store.catalogs.save("gong", "d1", {"tools": [{"name": "list_calls"}]})
        store.decisions.save([decision])
    with open_store(tmp_path) as store:
        assert store.catalogs.load("gong", "d1") == {"tools": [{"name": "list_calls"}]}
        assert store.decisions.find("1") == decision
    assert user_version(tmp_path) == len(MIGRATIONS)


@pytest.mark.slow
def test_processes_that_open_a_new_store_at_once_all_get_it(tmp_path: Path) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", OPENED_AT_ONCE, str(tmp_path / "state"), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in "abc"
    ]
    for one in started:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in started:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    for one in started:
        said, _ = one.communicate(timeout=30)
        assert (said, one.returncode) == ("done\n", 0)
    with open_store(tmp_path / "state") as store:
        assert len(store.decisions.latest("sales_coach", 0, 100)) == 60


def test_a_store_of_a_newer_release_is_left_alone(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        store.catalogs.save("gong", "d", {"v": 1})
    set_user_version(tmp_path, len(MIGRATIONS) + 1)
    with pytest.raises(StoreError, match=r"newer release .*SOPHIA_STATE_DIR"), open_store(tmp_path):
        pass
    assert user_version(tmp_path) == len(MIGRATIONS) + 1
    set_user_version(tmp_path, len(MIGRATIONS))
    with open_store(tmp_path) as store:
        assert store.catalogs.load("gong", "d") == {"v": 1}


def test_a_file_of_the_first_format_is_brought_up_with_its_rows(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "state.db")) as connection:
        connection.executescript(FORMAT_1)
    with open_store(tmp_path) as store:
        assert store.catalogs.load("gong", "d") == {"v": 1}
        assert store.decisions.find("1") == DecisionRecord("1", 1700000000.25, "sales_coach", {"route": "agno"})
        store.catalogs.save("gong", "d", {"v": 2})
        assert store.policies.append(0, NewVersion(who="dana", why="", what="set")).number == 1
    assert user_version(tmp_path) == len(MIGRATIONS)


def test_the_number_of_the_newest_version_never_fails_and_never_waits(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with open_store(tmp_path) as store:
        store.policies.append(0, NewVersion(who="dana", why="", what="set"))
        with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            assert store.policies.number() == 1
            connection.execute("DROP TABLE policy")
            connection.execute("COMMIT")
            assert [store.policies.number() for _ in range(3)] == [1, 1, 1]
            assert caplog.text.count("policy stays as it is") == 1
            connection.execute("CREATE TABLE policy (number)")
            assert store.policies.number() == 0
    assert store.policies.number() == 0, "closed"


def test_state_is_in_a_file_unless_a_url_is_set(tmp_path: Path) -> None:
    assert place_of_store(tmp_path, {"SOPHIA_STATE_URL": " "}) == tmp_path
    assert place_of_store(tmp_path, {"SOPHIA_STATE_URL": "postgresql://db"}) == "postgresql://db"


def test_a_migration_that_fails_half_way_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(tmp_path) as store:
        store.catalogs.save("gong", "d", {"v": 1})
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, "CREATE TABLE half (a); CREATE TABLE half (a);"))
        with pytest.raises(StoreError), open_store(tmp_path):
            pass
    with open_store(tmp_path) as store:
        assert store.catalogs.load("gong", "d") == {"v": 1}
    assert user_version(tmp_path) == len(MIGRATIONS)


def test_a_file_that_is_no_store_is_named(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"not a database at all" * 100)
    with (
        pytest.raises(StoreError, match=r"state\.db is no readable store .*Move the file away"),
        open_store(tmp_path),
    ):
        pass


def test_a_directory_that_cannot_be_made_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    with (
        pytest.raises(StoreError, match=r"taken.* cannot be opened .*SOPHIA_STATE_DIR"),
        open_store(tmp_path / "taken"),
    ):
        pass


def test_a_directory_that_cannot_be_written_is_named_with_what_to_do(tmp_path: Path) -> None:
    # Whoever runs the tests may be root, whom no permission stops; a directory in the file's place stops everybody.
    (tmp_path / "state.db").mkdir()
    with pytest.raises(StoreError, match=r"cannot be opened .*can be written"), open_store(tmp_path):
        pass


def test_the_directory_is_the_users_own(tmp_path: Path) -> None:
    with open_store(tmp_path / "state"):
        assert (tmp_path / "state").stat().st_mode & 0o077 == 0
