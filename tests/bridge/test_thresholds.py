"""Figures over their thresholds are said, and nothing that was not measured is."""

from dataclasses import dataclass

from server.bridge.evidence import Evidence
from server.bridge.thresholds import over
from server.errors import DownstreamDown


@dataclass(frozen=True)
class Limits:
    agent_response_time_ms: int = 500
    team_response_time_ms: int = 1000
    memory_usage_mb: int = 200
    error_rate_percent: float = 5


def test_nothing_measured_is_over_nothing() -> None:
    assert over(Evidence().figures("sales_coach", "agno"), "agent", Limits()) == ()


def test_a_slow_failing_agent_is_over_two_of_them_and_a_team_has_more_time() -> None:
    evidence = Evidence()
    for _ in range(9):
        evidence.record("sales_coach", "agno", 700.0, None)
    evidence.record("sales_coach", "agno", 700.0, DownstreamDown("away"))
    figures = evidence.figures("sales_coach", "agno")
    slow, failing = over(figures, "agent", Limits())
    assert "is over 500 ms" in slow
    assert failing == "10.0 % failed, over 5 %"
    assert over(figures, "team", Limits()) == (failing,)
