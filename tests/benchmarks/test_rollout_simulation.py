"""The simulation of rollouts runs as a program, and what it finds does not depend on when it runs."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.simulated_rollouts import Behaviour, Plan, run
from tests.conftest import quiet_environment

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parent.parent.parent
GOOD, OLD = Behaviour(180, 0.45, 0.01), Behaviour(200, 0.45, 0.012)


def test_the_simulation_says_what_rollouts_did_to_good_and_bad_agents() -> None:
    command = [sys.executable, "-m", "benchmarks.rollout_simulation", "--calls", "20000", "--json"]
    ran = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=CHECKOUT, env=quiet_environment(), timeout=110
    )
    assert ran.returncode == 0, ran.stderr
    report = json.loads(ran.stdout)
    figures: dict[tuple[str, str], Any] = {
        (figure["measured"]["what"], figure["measured"]["statistic"]): figure["measured"]["value"]
        for figure in report["figures"]
    }
    assert "--calls 20000" in report["command"]
    assert "seed" in report["data"]
    assert not [note for note in report["notes"] if "outside its binomial bounds" in note]
    assert figures["good agents rolled back by chance", "share"] == 0
    for bad in ("double latency", "8 % errors", "always broken"):
        assert figures[f"{bad}: rolled back", "share"] == 100
    assert figures["always broken: calls it had on agno", "most"] <= 20
    assert any("held in" in note and "more users on agno" in note for note in report["notes"])


def test_the_same_seed_gives_the_same_rollout() -> None:
    plan = Plan(GOOD, OLD, 200, 100_000, 3000)
    one, again, other = run(plan, "one"), run(plan, "one"), run(plan, "other")
    assert (one.stages, one.gates, one.end) == (again.stages, again.gates, again.end)
    assert one.stages != other.stages


def test_a_user_who_has_the_agent_keeps_it_at_the_next_stage() -> None:
    ran = run(Plan(GOOD, OLD, 300, 200_000, 6000, patience_days=0.01), "cohorts")
    first, second = ran.stages[:2]
    assert first.agno_units & second.units <= second.agno_units
