"""The official conformance suite: a client sees through Sophia what it would see of the server itself, in both eras."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import serving

pytestmark = [pytest.mark.external, pytest.mark.timeout(240)]

KNOWN = yaml.safe_load((Path(__file__).parent / "known.yaml").read_text(encoding="utf-8"))
REVISIONS = ("2025-11-25", "2026-07-28")


@pytest.fixture(scope="module")
def bridged(fixture_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Sophia that has the fixture behind it, under the fixture's own names."""
    house = tmp_path_factory.mktemp("bridged")
    servers = {"fixture": {"url": fixture_server, "sophia": {"prefix": ""}}}
    (house / "downstream.yaml").write_text(yaml.safe_dump({"mcpServers": servers}), encoding="utf-8")
    with serving(house / "state", "--config", str(house)) as address:
        yield address


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_fixture_itself_passes(suite: Any, fixture_server: str, revision: str) -> None:
    found = suite("the fixture, directly", fixture_server, revision)
    assert _required(found.failed) == {}


@pytest.mark.parametrize("revision", REVISIONS)
def test_through_the_bridge_a_server_passes_what_it_passes_directly(suite: Any, bridged: str, revision: str) -> None:
    found = suite("the fixture, through the bridge", bridged, revision)
    assert _required(found.failed).keys() == _known("through the bridge", revision), found.failed


@pytest.mark.parametrize("revision", REVISIONS)
def test_sophia_passes_whatever_applies_to_any_server(suite: Any, served: str, revision: str) -> None:
    found = suite("Sophia", served, revision)
    assert _required(found.failed).keys() == _known("sophia", revision), found.failed


def _required(failed: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Without the scenarios of extensions, which no revision requires."""
    return {scenario: said for scenario, said in failed.items() if not scenario.startswith(KNOWN["extensions"])}


def _known(server: str, revision: str) -> set[str]:
    entries: Iterable[Mapping[str, Any]] = KNOWN[server]
    return {one for entry in entries for one in entry["scenarios"] if revision in entry["revisions"]}
