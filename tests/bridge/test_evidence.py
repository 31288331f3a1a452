"""What is measured of each tool and route."""

from server.bridge.evidence import FEWEST, WINDOW, Evidence
from server.errors import CallerError, DownstreamDown


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_percentiles_are_of_answered_attempts_by_nearest_rank() -> None:
    evidence = Evidence(Clock())
    for latency_ms in range(1, 101):
        evidence.record("gong_intelligence", "downstream", latency_ms, None)
    evidence.record("gong_intelligence", "downstream", 9999, DownstreamDown("away"))
    figures = evidence.figures("gong_intelligence", "downstream")
    assert (figures.p50_ms, figures.p95_ms) == (50, 95)
    assert (figures.attempts, figures.errors) == (101, 1)


def test_what_the_caller_did_wrong_is_no_error_of_the_route() -> None:
    evidence = Evidence(Clock())
    evidence.record("sales_coach", "agno", 3, CallerError("no such rep"))
    assert evidence.figures("sales_coach", "agno").errors == 0


def test_the_last_minute_forgets_and_the_window_does_not() -> None:
    clock = Clock()
    evidence = Evidence(clock)
    for _ in range(30):
        evidence.record("sales_coach", "agno", 10, None)
    clock.now_s += 61
    evidence.record("sales_coach", "agno", 10, None)
    figures = evidence.figures("sales_coach", "agno")
    assert (figures.attempts, figures.calls_last_minute) == (31, 1)


def test_a_window_is_bounded_and_each_route_has_its_own() -> None:
    evidence = Evidence(Clock())
    for n in range(WINDOW + 100):
        evidence.record("sales_coach", "agno", n, None)
    assert evidence.figures("sales_coach", "agno").attempts == WINDOW
    assert evidence.figures("sales_coach", "downstream").attempts == 0
    assert evidence.windows() == [("sales_coach", "agno")]


def test_nothing_measured_enters_a_decision_before_there_is_enough_of_it() -> None:
    evidence = Evidence(Clock())
    for _ in range(FEWEST - 1):
        evidence.record("sales_coach", "agno", 10, None)
    assert evidence.known("sales_coach", "agno") is None
    evidence.record("sales_coach", "agno", 10, None)
    assert evidence.known("sales_coach", "agno") is not None


def test_a_tool_that_was_never_called_has_no_percentiles() -> None:
    figures = Evidence(Clock()).figures("sales_coach", "agno")
    assert (figures.attempts, figures.p50_ms, figures.p95_ms) == (0, None, None)
