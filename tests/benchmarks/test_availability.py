"""The availability run says what a rollout cost its callers, and names everything that went wrong."""

import pytest

from benchmarks.availability import STAGES, TOOL, judged, measure
from benchmarks.figures import Report
from benchmarks.questions import AGENT
from benchmarks.stages_under_load import Call, Load
from server.state.decisions import DecisionRecord


def shares(report: Report) -> dict[str, float]:
    return {one.measured.what: one.measured.value for one in report.figures if one.measured.statistic == "share"}


@pytest.mark.slow
def test_a_rollout_and_its_rollback_under_load_leave_no_call_unanswered() -> None:
    stages = (STAGES[0], STAGES[2], STAGES[4])  # each command is a process of its own, which takes its time
    report = measure(20, sessions=20, callers=2, pause=250, stages=stages)
    assert report.broken == ()
    said = shares(report)
    assert {said[f"{stage.name}: availability"] for stage in stages} == {100}
    assert said["availability, of all calls"] == 100
    assert said["answers whose decision is in the log"] == 100
    assert said["answers by the policy of the last command that had returned"] == 100


def test_whatever_a_caller_lost_is_named() -> None:
    calls = [
        Call(2, "a", 0, 1, "kept", "downstream"),
        Call(3, "a", 1, 2, "late", "downstream"),
        Call(4, "b", 2, 3, "lost", "agno"),
        Call(5, "b", 3, 4, failure="no answer within 60 s"),
        Call(5, "c", 3, 5, "wrong", "agno"),
    ]
    decided = {"kept": (2, "downstream"), "late": (2, "downstream"), "wrong": (5, "agno")}
    records = {
        name: DecisionRecord(name, 0, TOOL, {"policy": version, "arm": arm})
        for name, (version, arm) in decided.items()
    }
    report = judged("invented", Load(AGENT, iter(()), 0, [1, 2, 3, 4, 5], calls), records)
    assert report.broken == (
        "1 calls failed after the rollback: no answer within 60 s",
        "1 answered calls are not in the decision log",
        "1 calls were decided by a policy that a command had replaced before they were sent",
        "1 sessions were drawn for agno after the rollback",
    )
    assert shares(report)["availability, of all calls"] == 80
