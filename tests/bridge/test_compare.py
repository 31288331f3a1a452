"""Both arms side by side: only what was drawn, and never surer than the users allow."""

from pathlib import Path
from typing import Any

import pytest

from server.bridge.compare import compared
from server.commands.ab import report
from server.state.decisions import DecisionRecord
from server.state.store import open_store

TOOL = "gong_intelligence"


def call(number: int, arm: str | None, latency_ms: float = 100.0, error: str | None = None, **more: Any):
    attempt = {"route": arm, "standing": "first", "latency_ms": latency_ms, "error": error, "borrowed": False}
    content = {"arm": arm, "route": arm, "unit": number % 20, "outcome": {"attempts": [attempt]}, **more}
    return DecisionRecord(f"{number:08d}{arm}", 4e9 + number, TOOL, content)


def calls(arm: str, latency_ms: float) -> list[DecisionRecord]:
    return [call(number, arm, latency_ms + number % 7) for number in range(200)]


def test_a_faster_agent_is_better_and_the_same_log_gives_the_same_figures() -> None:
    records = [*calls("agno", 50), *calls("downstream", 100)]
    found = compared(TOOL, records)
    assert (found.latency, found.errors) == ("better", "not enough to tell")
    assert (found.agno.calls, found.agno.users, found.agno.p95_ms) == (200, 20, 56)
    assert compared(TOOL, records) == found


def test_an_agent_that_fails_is_worse_although_a_fallback_answered() -> None:
    fallback = {"route": "downstream", "standing": "fallback", "latency_ms": 9.0, "error": None, "borrowed": False}
    failing = [call(number, "agno", error="model") for number in range(200)]
    for record in failing:
        record.content["outcome"]["attempts"].append(fallback)
    found = compared(TOOL, [*failing, *calls("downstream", 100)])
    assert found.errors == "worse"
    assert found.agno.errors_by_kind == {"model": 200}


def test_a_route_that_could_not_serve_counts_against_the_arm_that_was_drawn() -> None:
    assert compared(TOOL, [call(1, "agno", route="downstream")]).agno.errors_by_kind == {"unavailable": 1}


def test_calls_that_were_not_drawn_and_callers_mistakes_are_counted_apart() -> None:
    found = compared(TOOL, [call(1, None), call(2, "agno", error="invalid_arguments"), call(3, "agno")])
    assert (found.not_drawn, found.not_counted, found.agno.calls) == (1, 1, 1)


def test_a_single_user_gives_no_interval_and_no_verdict() -> None:
    records = [
        call(20 * number, arm, 1 if arm == "agno" else 900) for number in range(99) for arm in ("agno", "downstream")
    ]
    found = compared(TOOL, records)
    assert (found.latency, found.errors, found.agno.p95_interval_ms) == (
        "not enough to tell",
        "not enough to tell",
        None,
    )


def test_the_report_reads_the_store_and_says_what_to_do_where_it_is_empty(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(None, tmp_path, None, None, as_json=False) == 0
    assert "sophia rollout start" in capsys.readouterr().out
    with open_store(tmp_path) as store:
        store.decisions.save([*calls("agno", 50), *calls("downstream", 100)])
    assert report(None, tmp_path, TOOL, None, as_json=False) == 0
    said = capsys.readouterr().out
    assert "better" in said
    assert "500 resamples" in said
