"""A process that is killed while it changes policy leaves the old version or the new one, and nobody waits for it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from server.state.policies import NewVersion
from server.state.store import Store

pytestmark = pytest.mark.slow

OPENED = """
import sys
from contextlib import contextmanager
from pathlib import Path
from server.state.policies import NewVersion, Policies
from server.state.sqlite import open_sqlite
where = sys.argv[1]
if where.startswith("postgresql:"):
    from server.state.postgres import open_postgres
    database = open_postgres(where)
else:
    database = open_sqlite(Path(where))
change = NewVersion(who="the killed one", why="", what="rollout", rollouts={"a": {"percent": 50}})
"""
WAITS_BEFORE_THE_END = """
class Waits:
    where, watch = database.where, database.watch
    @contextmanager
    def transaction(self, *, durable):
        with database.transaction(durable=durable) as run:
            yield run
            print("written", flush=True)
            sys.stdin.readline()
Policies(Waits()).append(1, change)
"""
GOES_ON = """
policies = Policies(database)
while True:
    print(policies.append(policies.number(), change).number, flush=True)
"""


@contextmanager
def running(script: str, where: Path | str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", OPENED + script, str(where)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_killed_before_the_end_it_leaves_the_old_version(where: Path | str, store: Store) -> None:
    before = store.policies.append(0, NewVersion(who="dana", why="", what="set"))
    with running(WAITS_BEFORE_THE_END, where) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        process.kill()
    assert store.policies.latest() == before
    assert store.policies.append(1, NewVersion(who="dana", why="", what="set")).number == 2


def test_killed_at_any_time_it_leaves_what_it_said_it_did(where: Path | str, store: Store) -> None:
    with running(GOES_ON, where) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(20)]
        process.kill()
        said += [line for line in process.stdout if line.endswith("\n")]
    kept = store.policies.history(1_000_000)
    assert len(kept) in {len(said), len(said) + 1}
    assert [one.number for one in reversed(kept)] == list(range(1, len(kept) + 1))
    assert all(one.rollouts == {"a": {"percent": 50}} for one in kept)
    assert store.policies.number() == len(kept)
