"""A company's own warehouse server in the place of the bundled one: the analyst asks it, whatever its shapes are."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from benchmarks.quality.kpis import QUESTIONS, said
from benchmarks.quality.maven import BUNDLED
from benchmarks.quality.warehouses import DBHUB, MOTHERDUCK, OURS, entries

pytestmark = pytest.mark.external


@pytest.fixture(scope="module")
def sophia(foreign: Mapping[str, Any], sophia_over: Any) -> Iterator[Any]:
    """Sophia with nothing but a MotherDuck server over the CRM, used as warehouse only."""
    warehouse = foreign["warehouse"].entry | {"sophia": {"capabilities": ["warehouse.query"]}}
    with sophia_over({"ours": warehouse}, "--operator").wire("modern") as wire:
        yield wire


@pytest.mark.parametrize("route", ["agno", "downstream"])
def test_the_win_rate_is_read_from_a_foreign_warehouse_on_both_routes(route: str, sophia: Any) -> None:
    result = sophia.call("snowflake_analyst", {"request": "What is our win rate?"}, **{"sophia/route": route})
    assert not result["isError"], result["content"]
    found = result["structuredContent"]
    assert found["served_by"]["route"] == route
    assert "63.15%" in found["answer"]
    (metric,) = found["data"]["metric"]
    figures = metric["figures"]
    assert (figures["numerator"], figures["denominator"]) == (4238, 6711)
    assert any("opportunities" in citation["sql"] for citation in found["citations"])


def test_status_says_which_server_is_the_warehouse(sophia: Any) -> None:
    (content,) = sophia.ask("resources/read", uri="sophia://bridge/status")["contents"]
    assert '"server": "ours"' in content["text"]


def test_agents_without_a_source_say_what_is_missing(sophia: Any) -> None:
    result = sophia.call("gong_intelligence", {"request": "Which calls are there?"})
    assert result["isError"]
    assert "no configured server offers calls" in result["content"][0]["text"]


def test_three_warehouse_servers_give_the_same_answers_to_the_same_questions(
    tmp_path: Path, sophia_over: Any
) -> None:
    """The foreign ones hold the CRM files as plain tables, in DuckDB and in SQLite, and no view was made for us."""
    answers: dict[str, list[str]] = {}
    for name, entry in entries(BUNDLED, tmp_path).items():
        assert entry is not None, f"{name} is not installed"
        with sophia_over({"ours": entry}).wire("modern") as wire:
            answers[name] = [
                said(wire.call(question.agent, {"request": question.request})["structuredContent"])
                for question in QUESTIONS
            ]
    assert answers[MOTHERDUCK] == answers[OURS]
    assert answers[DBHUB] == answers[OURS]


def test_a_statement_that_would_change_a_foreign_warehouse_is_not_sent(tmp_path: Path, sophia_over: Any) -> None:
    entry = entries(BUNDLED, tmp_path)[DBHUB]
    assert entry is not None
    with sophia_over({"ours": entry}).wire("modern") as wire:
        refused = wire.call("snowflake_analyst", {"sql": "WITH a AS (SELECT 1) DELETE FROM opportunities"})
        counted = wire.call("snowflake_analyst", {"sql": "SELECT COUNT(*) AS n FROM opportunities"})
    assert refused["isError"] or "not sent" in refused["structuredContent"]["answer"]
    assert counted["structuredContent"]["data"]["run_sql"][0]["rows"] == [[8800]]
