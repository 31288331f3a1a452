"""Shared by all tests: one Sophia that really serves, over HTTP on loopback, and clients of both eras for it."""

import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from threading import Thread

import pytest
from mcp import Client

SOPHIA = str(Path(sys.executable).with_name("sophia"))


def quiet_environment() -> dict[str, str]:
    """This environment without what would change the configuration of a Sophia that is started in it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SOPHIA_")}


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the served Sophia keeps its state."""
    return tmp_path_factory.mktemp("state")


@contextmanager
def serving(state: Path, *options: str, **variables: str) -> Generator[str]:
    """The address of a Sophia with the packaged configuration, in a process of its own that keeps this state."""
    command = [SOPHIA, "serve", "--http", "127.0.0.1:0", "--state", str(state), *options]
    environment = {**quiet_environment(), "SOPHIA_WORKSPACE_DATA": str(state / "workspace"), **variables}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stderr is not None
            line = next((line for line in process.stderr if "Sophia serves" in line), None)
            assert line is not None, "sophia serve --http ended before it served"
            # Read on, so that a server that logs much never waits for us.
            Thread(target=process.stderr.read, daemon=True).start()
            yield line.split()[-1]
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def served(state: Path) -> Generator[str]:
    """The address of a Sophia with operators' rights, which most tests share."""
    with serving(state, "--operator") as address:
        yield address


@pytest.fixture(params=["auto", "legacy"])
def client(served: str, request: pytest.FixtureRequest) -> Callable[[], AbstractAsyncContextManager[Client]]:
    """Opens a client of the served Sophia, once for each protocol era."""

    @asynccontextmanager
    async def opened() -> AsyncGenerator[Client]:
        async with Client(served, mode=request.param) as connected:
            yield connected

    return opened
