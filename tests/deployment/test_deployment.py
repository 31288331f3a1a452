"""A deployment: six phases to 100 %, and from each of them the way back."""

from pathlib import Path

import pytest

from server.deployment.deployment import Deployment
from server.deployment.progress import PHASES
from server.deployment.report import data, markdown
from server.deployment.work import Called
from server.operations import By, rolled_back
from server.state.decisions import DecisionRecord
from tests.deployment.conftest import TOOL, Bench, planned

HELD = {"wait_minutes": 0.0}


async def test_six_phases_take_a_tool_to_every_caller_and_leave_a_report_of_what_was_measured(
    bench: Bench, tmp_path: Path
) -> None:
    done = await bench.run(planned(tmp_path))
    assert done.state == "complete", done.why
    assert [one.state for one in done.phases] == ["passed"] * len(PHASES)
    assert bench.rollout.share == 100
    steps = [version.difference[0] for version in reversed(bench.store.policies.history(10))]
    assert [step.split("-> ")[1] for step in steps] == ["10 % running", "50 % running", "100 % running", "100 % held"]
    by_name = {one.name: one for one in done.phases[3].figures}
    assert (by_name["response_p95_ms"].value, by_name["response_p95_ms"].samples) == (40.0, 20)
    assert by_name["calls_per_minute"].value == pytest.approx(1_500)
    final = {one.name: one for one in done.phases[5].figures}
    assert final["response_p95_ms"].samples == 2_000
    assert final["response_p95_ms"].value == pytest.approx(50, rel=0.02)
    assert "| gong_intelligence | memory_mb | 0.5 MB | 100 |" in markdown(done)
    assert data(done)["phases"][3]["figures"][0]["met"] is None


async def test_a_missed_target_ends_it_before_anybody_is_moved_and_says_what_was_measured(
    bench: Bench, tmp_path: Path
) -> None:
    bench.site.agent = Called("agno", 400.0)
    targets = {"response_p95_ms": 300, "error_rate_percent": 1}
    tools = {TOOL: {"arguments": {"call_id": "7400171024000301"}, "calls": 7, "targets": targets}}
    done = await bench.run(planned(tmp_path, tools=tools))
    assert (done.state, done.at.name) == ("failed", "performance validation")
    assert "response_p95_ms 400 ms (n=7; target: at most 300, MISSED)" in done.why
    assert "nothing to take back" in done.phases[3].lines[-1]
    assert bench.store.policies.number() == 0


@pytest.mark.parametrize("answer", [Called(None, 5.0, "the model is away"), Called("agno", 5.0, "no such call")])
async def test_an_agent_that_does_not_answer_a_real_call_ends_it(
    bench: Bench, tmp_path: Path, answer: Called
) -> None:
    bench.site.agent = answer
    done = await bench.run(planned(tmp_path))
    assert (done.state, done.at.name) == ("failed", "agent check")
    assert str(answer.error) in done.why


async def test_an_agent_that_fails_its_callers_is_taken_back(bench: Bench, tmp_path: Path) -> None:
    bench.failing = True
    done = await bench.run(planned(tmp_path))
    assert (done.state, done.at.name) == ("failed", "gradual traffic")
    assert "errors" in done.why
    assert (bench.rollout.share, bench.rollout.state) == (0, "rolled_back")


async def test_tools_of_one_plan_move_and_come_back_together(bench: Bench, tmp_path: Path) -> None:
    def one_fails() -> None:
        if bench.rollout.share == 50:
            bench.operations.move([TOOL], rolled_back("errors"), By("sophia", ""), "gate")

    bench.meanwhile = one_fails
    tools = {TOOL: {"arguments": {"call_id": "7400171024000301"}}, "sales_coach": {"arguments": {"rep": "Dana"}}}
    done = await bench.run(planned(tmp_path, tools=tools))
    assert done.state == "failed"
    newest = bench.store.policies.latest()
    assert {tool: one["state"] for tool, one in newest.rollouts.items()} == dict.fromkeys(tools, "rolled_back")


async def test_what_fails_before_it_can_go_on_leaves_callers_where_they_are(bench: Bench, tmp_path: Path) -> None:
    bench.users = 1
    held = await bench.run(planned(tmp_path, wait_minutes=1.0))
    bench.site.away = ("the server `gong` is away",)
    stopped = await bench.run(held)
    assert (stopped.state, stopped.at.name) == ("under way", "initialisation")
    assert "stays as it is" in stopped.phases[1].lines[-1]
    assert bench.rollout.share == 10
    bench.site.away, bench.users = (), 40
    assert (await bench.run(stopped)).state == "complete"


async def test_a_gate_that_took_a_tool_back_meanwhile_ends_it_and_nothing_begins_again(
    bench: Bench, tmp_path: Path
) -> None:
    bench.meanwhile = lambda: bench.operations.move([TOOL], rolled_back("p95: 3 s"), By("sophia", ""), "gate")
    done = await bench.run(planned(tmp_path))
    assert done.state == "failed"
    assert "taken back at 10 %: p95: 3 s" in done.why
    assert bench.store.policies.number() == 2


async def test_a_rollout_that_somebody_ended_meanwhile_is_not_begun_again(bench: Bench, tmp_path: Path) -> None:
    bench.meanwhile = lambda: bench.operations.move([TOOL], lambda _, __: None, By("bob", ""), "rollout")
    done = await bench.run(planned(tmp_path))
    assert done.state == "failed"
    assert "was ended by bob" in done.why
    assert bench.store.policies.number() == 2


async def test_too_little_evidence_holds_it_where_it_is_and_it_goes_on_later(bench: Bench, tmp_path: Path) -> None:
    bench.users = 1
    held = await bench.run(planned(tmp_path, wait_minutes=1.0))
    assert (held.state, held.at.name, held.at.state) == ("held", "gradual traffic", "held")
    assert "waited 1 minutes" in held.why
    assert "1 users" in held.why
    assert bench.rollout.share == 10
    bench.users, asked = 40, bench.site.calls
    done = await bench.run(held)
    assert done.state == "complete"
    assert len(done.sittings) == 2
    assert bench.site.calls == asked + 2, "it is checked again, and not measured again"
    assert bench.rollout.salt == held.salts[TOOL]


async def test_what_is_stopped_in_the_middle_goes_on_from_its_file(bench: Bench, tmp_path: Path) -> None:
    def stop() -> None:
        if bench.rollout.share == 50:
            raise KeyboardInterrupt

    bench.meanwhile = stop
    with pytest.raises(KeyboardInterrupt):
        await bench.run(planned(tmp_path))
    stopped = bench.file.load()
    assert (stopped.state, stopped.at.state) == ("under way", "under way")
    assert bench.rollout.share == 50
    bench.meanwhile = lambda: None
    assert (await bench.run(stopped)).state == "complete"


async def test_a_verification_that_finds_the_wrong_route_takes_everything_back_or_holds_it(
    bench: Bench, tmp_path: Path
) -> None:
    bench.site.caller = Called("downstream", 90.0)
    done = await bench.run(planned(tmp_path, on_failure="hold"))
    assert (done.state, done.at.state) == ("held", "failed")
    assert "served by downstream" in done.why
    assert bench.rollout.share == 100
    again = await bench.run(done.model_copy(update={"planned": planned(tmp_path).planned}))
    assert again.state == "failed"
    assert bench.rollout.share == 0


async def test_targets_hold_for_what_real_callers_got_too(bench: Bench, tmp_path: Path) -> None:
    tools = {TOOL: {"arguments": {"call_id": "7400171024000301"}, "targets": {"response_p95_ms": 45}}}
    done = await bench.run(planned(tmp_path, tools=tools))
    assert (done.state, done.at.name) == ("failed", "final verification")
    assert bench.rollout.share == 0


@pytest.mark.parametrize("stage", [0, 10, 50, 100])
async def test_it_is_taken_back_from_anywhere(bench: Bench, tmp_path: Path, stage: int) -> None:
    def stop() -> None:
        if bench.rollout.share == stage:
            raise KeyboardInterrupt

    progress = planned(tmp_path)
    if stage:
        bench.meanwhile = stop
        with pytest.raises(KeyboardInterrupt):
            await bench.run(progress)
    Deployment(bench.work(progress), bench.opened).roll_back("no more")
    assert bench.file.load().state == "rolled back"
    assert (bench.rollout.share if stage else 0) == 0
    assert ("serves nobody" in progress.why) is (stage == 0)


async def test_somebody_elses_rollout_is_left_alone(bench: Bench, tmp_path: Path) -> None:
    first = await bench.run(planned(tmp_path))
    other = await bench.run(planned(tmp_path))
    assert (other.state, other.at.name) == ("failed", "validation")
    assert "which this deployment did not begin" in other.phases[0].lines[0]
    assert bench.rollout.salt == first.salts[TOOL]
    assert bench.rollout.share == 100


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("executive_knowledge", {"request": "x"}, "has one route only"),
        ("no_such_tool", {"request": "x"}, "There is no tool `no_such_tool`"),
        (TOOL, {"call": "1"}, "under tools.gong_intelligence.arguments"),
    ],
)
async def test_what_cannot_be_moved_is_said_before_anything_is_started(
    bench: Bench, tmp_path: Path, tool: str, arguments: dict[str, str], said: str
) -> None:
    done = await bench.run(planned(tmp_path, tools={tool: {"arguments": arguments}}))
    assert (done.state, done.at.name) == ("failed", "validation")
    assert said in done.phases[0].lines[0]
    assert bench.site.calls == 0


async def test_validation_tells_volume_users_p95_and_days_until_enough_samples(bench: Bench, tmp_path: Path) -> None:
    attempts = [{"route": "agno", "standing": "first", "latency_ms": 80.0, "error": None}]
    content = {"score": 3, "outcome": {"ended": "served", "attempts": attempts}, "reasons": []}
    records = [
        DecisionRecord(f"{n:08x}", bench.at - 10 * 86_400 + n, TOOL, {**content, "unit": n % 20}) for n in range(400)
    ]
    forced = {**content, "reasons": [{"rule": "force", "text": "agno was asked for"}], "unit": 99}
    bench.store.decisions.save([*records, DecisionRecord("ffffffff", bench.at, TOOL, forced)])
    done = await bench.run(planned(tmp_path, **HELD))
    first, *stages = done.phases[0].lines
    assert first == (
        "gong_intelligence: 400 calls in the last 10.0 days, 400 of which both routes could serve, by 20 users; p95 80 ms"
    )
    # 40 calls a day, a tenth of them on agno: 200 take 50 days; 8 of 20 users, a tenth of whom are 2, take 40.
    assert "10 %: 50.0 days until enough samples" in stages[0]
    assert "10 % of the users are about 2.0" in stages[0]
    assert "50 %: 10.0 days" in stages[1]
    assert "100 %: 5.0 days" in stages[2]
