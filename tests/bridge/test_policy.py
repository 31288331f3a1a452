"""What one version of the policy says."""

import json
from dataclasses import replace

import pytest

from server.bridge.policy import Policy, Rollout

RUNNING = Rollout(10, "1792", "running", since=20.0, started=10.0, automatic=True, why="a try")


def test_a_rollout_comes_back_from_json_as_it_was() -> None:
    assert Rollout.from_json(json.loads(json.dumps(RUNNING.to_json()))) == RUNNING


def test_a_rollout_that_a_later_release_wrote_is_still_read() -> None:
    assert Rollout.from_json({**RUNNING.to_json(), "pace": "slow"}) == RUNNING


@pytest.mark.parametrize(
    ("policy", "existing", "drawn"),
    [
        (Policy(), False, None),
        (Policy(share=30), False, (30, "")),
        (Policy(share=30), True, (0, "")),
        (Policy(share=30, rollouts={"gong_intelligence": RUNNING}), True, (10, "1792")),
        (Policy(rollouts={"gong_intelligence": replace(RUNNING, state="held")}), False, (10, "1792")),
        (Policy(rollouts={"gong_intelligence": replace(RUNNING, state="rolled_back")}), False, (0, "1792")),
        (Policy(share=30, rollouts={"sales_coach": RUNNING}), False, (30, "")),
    ],
)
def test_a_tools_own_rollout_comes_before_the_share_of_all(
    policy: Policy, existing: bool, drawn: tuple[int, str] | None
) -> None:
    assert policy.rollout_of("gong_intelligence", existing) == drawn
