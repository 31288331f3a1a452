"""How many runs the agno route lets work at the same time, with auto-scaling off and on, in time that takes none."""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from agents.gong_intelligence import GONG_INTELLIGENCE
from agents.models.ladder import Models
from agents.outcome import Answered, Job, Limits
from agents.sources import Sources
from server.bridge import agno_route
from server.bridge.agno_route import AgnoRoute
from server.config import Configuration
from server.config.loading import load

InVirtualTime = Callable[[Coroutine[Any, Any, Any]], Any]
JOB = Job("Brief me", {}, None, "run", "session", Limits(deadline_ms=120_000, max_model_calls=12))


@pytest.fixture
def configured(tmp_path: Path) -> Callable[[str], Configuration]:
    """The packaged configuration with these lines of `agno_integration` laid over it."""

    def configure(lines: str) -> Configuration:
        (tmp_path / "services").mkdir(exist_ok=True)
        (tmp_path / "services" / "agno_integration.yaml").write_text(f"agno_integration:\n{lines}", encoding="utf-8")
        return load(tmp_path, {})

    return configure


@pytest.fixture
def busiest(monkeypatch: pytest.MonkeyPatch, in_virtual_time: InVirtualTime) -> Callable[..., tuple[int, AgnoRoute]]:
    """Ask for runs that take 50 ms while no more than `knee` are at work: the most at work at the end, and the route."""

    def let(configuration: Configuration, runs: int, knee: int) -> tuple[int, AgnoRoute]:
        at_work, most = 0, [0]

        async def run_agent(*_: object, **__: object) -> Answered:
            nonlocal at_work
            at_work += 1
            most.append(at_work)
            await anyio.sleep(0.05 * max(1.0, at_work / knee))
            at_work -= 1
            return Answered("", "embedded")

        monkeypatch.setattr(agno_route, "run_agent", run_agent)
        monkeypatch.setattr(
            AgnoRoute, "_import", lambda _: anyio.lowlevel.checkpoint()
        )  # Agno is not needed, and takes long

        async def all_of_them() -> AgnoRoute:
            route = AgnoRoute(Models(), Sources, lambda *_: ())

            async def one() -> None:
                async with route.turn(GONG_INTELLIGENCE, configuration):
                    await route.run(GONG_INTELLIGENCE, JOB, configuration)

            for _ in range(runs // 200):
                async with anyio.create_task_group() as tasks:
                    for _ in range(200):
                        tasks.start_soon(one)
            return route

        route = in_virtual_time(all_of_them())
        return max(most[-200:]), route

    return let


def test_without_auto_scaling_four_embedded_runs_work_at_a_time(busiest: Any, configured: Any) -> None:
    most, route = busiest(configured("  feature_flags: {enable_auto_scaling: false}"), 400, knee=40)
    assert most == 4
    assert route.turns()["embedded"]["follows"] is None


def test_without_auto_scaling_no_run_on_a_remote_model_waits(busiest: Any, configured: Any) -> None:
    most, _ = busiest(configured("  default_agent_config: {model: openai:gpt-5}"), 400, knee=40)
    assert most == 200


def test_with_auto_scaling_the_runs_at_work_follow_what_they_measure(busiest: Any, configured: Any) -> None:
    for model in ("embedded", "openai:gpt-5"):
        lines = f"  default_agent_config: {{model: {model}}}\n  feature_flags: {{enable_auto_scaling: true}}"
        most, route = busiest(configured(lines), 6_000, knee=20)
        assert 16 <= most <= 30
        turns = route.turns()["embedded" if model == "embedded" else "remote"]
        assert "times as long as alone" in turns["follows"]


def test_with_auto_scaling_the_runs_at_work_stay_under_the_operators_bound(busiest: Any, configured: Any) -> None:
    lines = "  feature_flags: {enable_auto_scaling: true}\n  resource_management: {max_concurrent_agents: 210, "
    lines += "min_concurrent_agents: 6, memory_pool_mb: 1}"  # this process takes more: it stays at the lowest
    most, route = busiest(configured(lines), 2_000, knee=40)
    assert most == 6
    assert "over its 1 MB" in route.turns()["embedded"]["follows"]
