"""Streamable HTTP: loopback only, and no way in for a web page."""

import subprocess

import httpx2
import pytest

from tests.conftest import SOPHIA, quiet_environment

pytestmark = pytest.mark.slow

LIST = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}}
ACCEPT = {"accept": "application/json, text/event-stream"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"host": "evil.example"}, 421), ({"origin": "https://evil.example"}, 403)],
)
def test_a_foreign_host_or_origin_is_turned_away(served: str, headers: dict[str, str], status: int) -> None:
    assert httpx2.post(served, json=LIST, headers=ACCEPT | headers).status_code == status


@pytest.mark.parametrize("address", ["0.0.0.0:0", "192.0.2.1:8000", "example.com:80"])
def test_an_address_that_others_can_reach_is_refused(tmp_path, address: str) -> None:
    command = [SOPHIA, "serve", "--http", address, "--state", str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, env=quiet_environment(), timeout=60, check=False)
    assert ran.returncode == 1
    assert "127.0.0.1" in ran.stderr


def test_a_port_that_is_taken_is_said_plainly(served: str, tmp_path) -> None:
    address = served.removeprefix("http://").removesuffix("/mcp")
    command = [SOPHIA, "serve", "--http", address, "--state", str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, env=quiet_environment(), timeout=60, check=False)
    assert ran.returncode == 1
    assert "in use" in ran.stderr
    assert "Traceback" not in ran.stderr
