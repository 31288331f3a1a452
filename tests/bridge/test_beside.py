"""Which route may run beside a call: never one that policy took away, but for a share that stands at 0."""

from dataclasses import replace

import pytest

from server.bridge.decide import beside, decide
from server.bridge.decision import RESTRICTED, Call, DownstreamMapping, Live, Route, Tool
from server.bridge.policy import Flags, Policy, Rollout, RolloutState

TOOL = Tool(
    "coach", agno="agent", downstream=DownstreamMapping("gong", frozenset({"brief"}), frozenset(), frozenset())
)
CALL = Call("ann", intent="brief")
NOTHING_SET = Policy()


def under(percent: int, state: RolloutState = "running") -> Policy:
    return Policy(rollouts={"coach": Rollout(percent, "salt", state, 0.0, 0.0)})


def found(
    tool: Tool = TOOL, call: Call = CALL, policy: Policy = NOTHING_SET, live: Live | None = None
) -> Route | None:
    live = live or Live()
    return beside(call, tool, policy, live, decide(call, tool, policy, live))


@pytest.mark.parametrize(("percent", "other"), [(0, "agno"), (100, "downstream")])
def test_it_is_the_route_that_does_not_serve_also_where_the_agent_serves_nobody(percent: int, other: Route) -> None:
    assert found(policy=under(percent)) == other
    assert found(policy=Policy(share=percent)) == other


def test_after_a_rollback_the_agent_does_not_run_beside_either() -> None:
    assert found(policy=under(50, "rolled_back")) is None


@pytest.mark.parametrize(
    "policy",
    [
        replace(under(0), enabled=False),
        replace(under(0), mode="traditional_only"),
        replace(under(0), flags=Flags(agno_agents=False)),
    ],
)
def test_what_is_switched_off_does_not_run_beside(policy: Policy) -> None:
    assert found(policy=policy) is None


def test_what_must_not_leave_the_house_does_not_leave_it_this_way() -> None:
    outside = replace(TOOL, classification=RESTRICTED, in_house=frozenset({"downstream"}))
    assert found(outside, policy=under(0)) is None
    assert found(replace(TOOL, classification=RESTRICTED), policy=under(0)) == "agno"


@pytest.mark.parametrize("live", [Live(spent={"agno": "spent"}), Live(faults={"agno": "full"})])
def test_a_spent_budget_or_a_sick_route_leaves_it_out(live: Live) -> None:
    assert found(policy=under(0), live=live) is None


def test_a_call_that_only_one_route_can_serve_or_that_asked_for_one_is_no_comparison() -> None:
    assert found(call=replace(CALL, intent="something else")) is None
    assert found(call=replace(CALL, forced="agno")) is None
    assert found(call=replace(CALL, forbidden={"downstream": "no right to it"})) is None
