"""A plan is read strictly: what is wrong in it is said with its place."""

from pathlib import Path

import pytest

from server.deployment.plan import PlanRefused, read_plan

PLAN = "tools:\n  gong_intelligence:\n    arguments: {call_id: '7400171024000301'}\n"


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "plan.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_plan_needs_no_more_than_a_tool_and_its_call(tmp_path: Path) -> None:
    plan = read_plan(written(tmp_path, PLAN))
    assert plan.tools["gong_intelligence"].calls == 20
    assert plan.on_failure == "rollback"


def test_the_packaged_example_is_a_plan() -> None:
    plan = read_plan(Path(__file__).parent.parent.parent / "config" / "deploy.example.yaml")
    assert all(value is not None for value in plan.tools["gong_intelligence"].targets.model_dump().values())


def test_the_same_plan_laid_out_otherwise_has_the_same_digest(tmp_path: Path) -> None:
    once = read_plan(written(tmp_path, PLAN)).digest
    assert read_plan(written(tmp_path, f"# again\n{PLAN}")).digest == once
    assert read_plan(written(tmp_path, f"{PLAN}wait_minutes: 5\n")).digest == once, "how long to wait may change"
    assert read_plan(written(tmp_path, f"{PLAN}    calls: 30\n")).digest != once


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PLAN + "wait_minuts: 5\n", "wait_minuts: is no key here; there are tools, wait_minutes, on_failure"),
        (PLAN + "    calls: 0\n", "tools.gong_intelligence.calls: input should be greater than or equal to 1"),
        (PLAN + "    targets: {p95: 3}\n", "targets.p95: is no key here; there are instantiation_ms"),
        (PLAN + "    targets: {memory_mb: many}\n", "targets.memory_mb: input should be a valid number"),
        (PLAN + "wait_minutes: .inf\n", "wait_minutes: input should be a finite number"),
        ("tools: {x: {arguments: {day: 2017-10-01}}}\n", "tools.x.arguments.day: .* into quotes"),
        ("tools: {x: {calls: 3}}\n", "tools.x.arguments: is missing"),
        ("tools: {x: 3}\n", "tools.x: write it as"),
        ("tools: {}\n", "tools: "),
        ("tools: [\n", "not YAML at line 2"),
        ("", "the plan: write it as"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(PlanRefused, match=said):
        read_plan(written(tmp_path, text))
