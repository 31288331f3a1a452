"""What each rule of a decision does."""

from dataclasses import replace

import pytest

from server.bridge.decide import allowed, decide
from server.bridge.decision import AgnoMapping, Call, Decision, DownstreamMapping, Learned, Live, Route, Tool
from server.bridge.policy import Flags, Policy, Rollout
from server.bridge.score import is_busy, score_terms

GONG = DownstreamMapping("gong", frozenset({"call_brief"}), frozenset({"call_id"}), frozenset({"call_id", "rep"}))
BOTH = Tool("gong_intelligence", agno="agent", downstream=GONG, target_ms=500)
CALL = Call("ann", frozenset({"call_id"}), "call_brief")
POLICY = Policy()
TAKES_ALL = AgnoMapping(frozenset(), frozenset({"call_id", "rep"}))
WELL = Live()


def under(percent: int, salt: str) -> dict[str, Rollout]:
    return {BOTH.name: Rollout(percent, salt, "running", 0.0, 0.0)}


def told(decision: Decision) -> str:
    return " | ".join(f"{reason.rule}: {reason.text}" for reason in decision.reasons)


# 1. Allowed


@pytest.mark.parametrize(
    ("tool", "policy", "why"),
    [
        (replace(BOTH, use_agno=False), POLICY, "`use_agno` is off"),
        (BOTH, replace(POLICY, flags=Flags(agno_agents=False)), "enable_agno_agents"),
        (
            replace(BOTH, agno="team"),
            replace(POLICY, flags=Flags(team_coordination=False)),
            "enable_team_coordination",
        ),
        (BOTH, replace(POLICY, mode="traditional_only"), "traditional_only"),
        (BOTH, replace(POLICY, enabled=False), "`agno_integration.enabled` is off"),
        (BOTH, replace(POLICY, share=0), "`agno_traffic_percentage` is 0"),
        (BOTH, replace(POLICY, share=100, rollouts=under(0, "s")), "0 %"),
        (BOTH, replace(POLICY, rollouts={BOTH.name: Rollout(50, "s", "rolled_back", 0.0, 0.0)}), "was rolled back"),
        (
            replace(BOTH, existing=True, agno_mapping=TAKES_ALL),
            replace(POLICY, share=100),
            "no rollout of it has begun",
        ),
        (replace(BOTH, classification="confidential", in_house=frozenset({"downstream"})), POLICY, "leave the house"),
    ],
)
def test_a_switch_takes_agno_out_and_says_which(tool: Tool, policy: Policy, why: str) -> None:
    wanting = replace(tool, requires_teams=True, performance_critical=True)
    decision = decide(CALL, wanting, policy, Live({"downstream": "it is away"}))
    assert (decision.route, decision.fallback) == ("downstream", None)
    assert why in told(decision)


@pytest.mark.parametrize(
    ("policy", "remedy"),
    [
        (
            replace(POLICY, rollouts={BOTH.name: Rollout(50, "s", "rolled_back", 0.0, 0.0)}),
            f"abort {BOTH.name}` ends",
        ),
        (replace(POLICY, rollouts=under(0, "s")), f"abort {BOTH.name}` ends"),
        (replace(POLICY, share=0), f"start {BOTH.name}` begins"),
        (replace(POLICY, share=0, enabled=False), None),
    ],
)
def test_what_is_refused_for_want_of_a_rollout_only_names_what_brings_the_agent_back(
    policy: Policy, remedy: str | None
) -> None:
    only_agno = replace(CALL, arguments=CALL.arguments | {"what_no_server_knows"})
    for call in (only_agno, replace(CALL, forced="agno")):
        decision = decide(call, BOTH, policy, WELL)
        assert decision.route is None
        said = [reason.text for reason in decision.reasons if reason.rule == "remedy"]
        assert bool(said) is (remedy is not None)
        assert remedy is None or remedy in said[0]


@pytest.mark.parametrize("downstream", [BOTH.downstream, None])
def test_an_agent_that_was_rolled_back_serves_nobody_also_where_no_server_is_bound(
    downstream: DownstreamMapping | None,
) -> None:
    policy = replace(POLICY, rollouts={BOTH.name: Rollout(50, "s", "rolled_back", 0.0, 0.0, why="it lies")})
    tool = replace(BOTH, downstream=downstream)
    assert decide(CALL, tool, policy, WELL).route == ("downstream" if downstream else None)
    assert decide(replace(CALL, forced="agno"), tool, policy, WELL).route is None
    assert "agno is out: its rollout was rolled back (it lies)" in told(decide(CALL, tool, policy, WELL))


def test_a_tool_that_no_agent_serves_takes_whatever_arguments_it_is_given() -> None:
    proxied = Tool("gong__list_calls", downstream=DownstreamMapping("gong", *[frozenset[str]()] * 3))
    decision = decide(Call("", frozenset({"cursor"})), proxied, POLICY, WELL)
    assert (decision.route, told(decision)) == ("downstream", "allowed: downstream is the only route")


def test_a_caller_without_the_right_to_a_route_is_served_by_the_other_one() -> None:
    decision = decide(replace(CALL, forbidden={"downstream": "only sales may ask it"}), BOTH, POLICY, WELL)
    assert (decision.route, decision.fallback) == ("agno", None)
    assert "downstream is out: only sales may ask it" in told(decision)


def test_a_route_whose_budget_is_spent_serves_nobody() -> None:
    decision = decide(CALL, BOTH, replace(POLICY, mode="agno_preferred"), Live(spent={"agno": "its budget is spent"}))
    assert (decision.route, decision.fallback) == ("downstream", None)
    assert "its budget is spent" in told(decision)


def test_every_cause_is_named_where_there_are_several() -> None:
    policy = replace(POLICY, mode="traditional_only", flags=Flags(agno_agents=False))
    text = told(decide(CALL, replace(BOTH, use_agno=False), policy, WELL))
    assert all(cause in text for cause in ("traditional_only", "`use_agno`", "enable_agno_agents"))


def test_the_agents_flag_leaves_teams_alone_and_the_teams_flag_agents() -> None:
    team = Tool("sales_intelligence_team", agno="team")
    agent = Tool("hubspot_crm", agno="agent")
    assert allowed(team, replace(POLICY, flags=Flags(agno_agents=False))) == ("agno",)
    assert allowed(agent, replace(POLICY, flags=Flags(team_coordination=False))) == ("agno",)


def test_a_rollout_at_zero_leaves_a_tool_without_another_route_in_service() -> None:
    assert allowed(Tool("executive_knowledge", agno="agent"), replace(POLICY, share=0)) == ("agno",)


def test_a_tool_with_no_route_left_names_each_cause() -> None:
    decision = decide(Call("ann"), Tool("hubspot_crm", agno="agent", use_agno=False), POLICY, WELL)
    assert decision.route is None
    assert "agno is out" in told(decision)
    assert "downstream is out" in told(decision)


# 2. Force


def test_force_takes_a_route_against_score_rollout_and_health() -> None:
    policy = replace(POLICY, share=1)
    ill = Live({"agno": "full", "downstream": "away"})
    assert decide(replace(CALL, forced="agno"), BOTH, policy, ill).route == "agno"
    assert decide(replace(CALL, forced="downstream"), BOTH, replace(POLICY, share=99), ill).route == "downstream"


def test_force_of_a_removed_route_is_refused() -> None:
    decision = decide(replace(CALL, forced="agno"), BOTH, replace(POLICY, mode="traditional_only"), WELL)
    assert decision.route is None
    assert "not allowed" in told(decision)


def test_force_of_a_route_that_cannot_express_the_call_is_refused_with_the_reason() -> None:
    decision = decide(Call("ann", frozenset(), "call_brief", "downstream"), BOTH, POLICY, WELL)
    assert decision.route is None
    assert "it needs `call_id`" in told(decision)


# 3. Mappable


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (replace(CALL, intent=None), "does not say clearly"),
        (replace(CALL, intent="pricing"), "does not know `pricing`"),
        (replace(CALL, arguments=frozenset({"rep"})), "needs `call_id`"),
        (
            replace(CALL, arguments=frozenset({"call_id", "from_date"})),
            "cannot express `from_date`, it takes `call_id`",
        ),
    ],
)
def test_a_call_that_the_server_cannot_take_goes_to_agno_with_the_reason(call: Call, why: str) -> None:
    for policy in (POLICY, replace(POLICY, share=1)):
        decision = decide(call, BOTH, policy, Live({"agno": "full"}))
        assert (decision.route, decision.fallback, decision.arm) == ("agno", None, None)
        assert why in told(decision)


def test_a_tool_that_existed_before_its_agent_moves_only_what_the_agent_understands() -> None:
    existing = replace(BOTH, existing=True, agno_mapping=AgnoMapping(frozenset({"call_id"}), frozenset({"call_id"})))
    policy = replace(POLICY, rollouts=under(100, "s"))
    asked = Call("ann", frozenset({"call_id"}))
    assert decide(asked, existing, policy, WELL).arm == "agno"
    for arguments, why in (({"call_id", "cursor"}, "cannot express `cursor`"), (set[str](), "it needs `call_id`")):
        kept = decide(replace(asked, arguments=frozenset(arguments)), existing, policy, WELL)
        assert (kept.route, kept.arm, kept.fallback) == ("downstream", None, None)
        assert why in told(kept)


def test_a_call_that_only_the_removed_route_could_take_has_none() -> None:
    decision = decide(replace(CALL, intent=None), BOTH, replace(POLICY, mode="traditional_only"), WELL)
    assert decision.route is None


# 4. Rollout


def arms(percent: int, units: range, salt: str = "s") -> list[Route | None]:
    policy = replace(POLICY, rollouts=under(percent, salt))
    return [decide(replace(CALL, unit=f"u{n}"), BOTH, policy, WELL).arm for n in units]


@pytest.mark.parametrize("percent", [1, 10, 50, 90])
def test_a_rollout_serves_its_share_of_many_units(percent: int) -> None:
    units = 4000
    served = arms(percent, range(units)).count("agno")
    share = percent / 100
    five_sigma = 5 * (units * share * (1 - share)) ** 0.5
    assert abs(served - units * share) < five_sigma


@pytest.mark.parametrize("percent", [1, 10, 50, 99])
def test_a_draw_says_how_likely_it_was(percent: int) -> None:
    policy = replace(POLICY, rollouts=under(percent, "s"))
    for n in range(40):
        decision = decide(replace(CALL, unit=f"u{n}"), BOTH, policy, WELL)
        assert decision.propensity == (percent if decision.arm == "agno" else 100 - percent) / 100


def test_a_held_rollout_goes_on_serving_its_share() -> None:
    held = {BOTH.name: replace(under(100, "s")[BOTH.name], state="held")}
    assert decide(CALL, BOTH, replace(POLICY, rollouts=held), WELL).arm == "agno"


def test_a_rollout_of_one_tool_leaves_the_others_to_the_score() -> None:
    decision = decide(CALL, replace(BOTH, name="sales_coach"), replace(POLICY, rollouts=under(100, "s")), WELL)
    assert (decision.route, decision.arm) == ("downstream", None)


def test_another_salt_draws_other_units() -> None:
    assert arms(50, range(64), "one") != arms(50, range(64), "two")


def test_the_calls_of_one_unit_stay_together_whatever_they_ask() -> None:
    policy = replace(POLICY, share=50)
    other = replace(CALL, arguments=frozenset({"call_id", "rep"}))
    for n in range(50):
        unit = f"u{n}"
        first, second = (decide(replace(call, unit=unit), BOTH, policy, WELL).arm for call in (CALL, other))
        assert first == second


def test_under_a_rollout_the_score_is_recorded_and_does_not_choose() -> None:
    eager = replace(BOTH, requires_teams=True, performance_critical=True)
    policy = replace(POLICY, share=1)
    decisions = [decide(replace(CALL, unit=f"u{n}"), eager, policy, WELL) for n in range(200)]
    assert "downstream" in {decision.route for decision in decisions}
    assert {decision.score for decision in decisions} == {6}


def test_at_100_percent_nothing_is_drawn_and_the_score_chooses() -> None:
    decision = decide(CALL, BOTH, POLICY, WELL)
    assert decision.arm is None
    assert decision.score == 0


# 5. Score: each term alone turns the choice, and only past its boundary

LEANING = replace(BOTH, high_frequency=True)  # +2: a term of -2 alone brings it to 0
SMALL = replace(BOTH, memory_limit_mb=50)
SLIGHTLY = replace(BOTH, memory_constrained=True)  # +1: a term of -1 alone brings it to 0


@pytest.mark.parametrize(
    ("name", "tool", "live", "turned_tool", "turned_live"),
    [
        ("performance_critical", BOTH, WELL, replace(BOTH, performance_critical=True), WELL),
        ("performance_critical", replace(BOTH, target_ms=200), WELL, replace(BOTH, target_ms=199), WELL),
        ("performance_critical", BOTH, Live(downstream_p95_ms=500), BOTH, Live(downstream_p95_ms=500.1)),
        ("high_frequency", BOTH, WELL, replace(BOTH, high_frequency=True), WELL),
        ("high_frequency", BOTH, Live(calls_last_minute=101), BOTH, Live(calls_last_minute=101, busy=True)),
        ("requires_teams", BOTH, WELL, replace(BOTH, requires_teams=True), WELL),
        ("memory_constrained", BOTH, WELL, replace(BOTH, memory_constrained=True), WELL),
        ("memory_constrained", SMALL, Live(downstream_memory_mb=50), SMALL, Live(downstream_memory_mb=50.1)),
        ("many_integrations", replace(LEANING, services=3), WELL, replace(LEANING, services=4), WELL),
        ("custom_logic", SLIGHTLY, WELL, replace(SLIGHTLY, custom_logic=True), WELL),
        ("legacy_compatibility", LEANING, WELL, replace(LEANING, legacy_compatibility=True), WELL),
    ],
)
def test_each_term_of_the_score_turns_the_choice_by_itself(
    name: str, tool: Tool, live: Live, turned_tool: Tool, turned_live: Live
) -> None:
    before, after = decide(CALL, tool, POLICY, live), decide(CALL, turned_tool, POLICY, turned_live)
    assert {before.route, after.route} == {"agno", "downstream"}
    assert name not in {term.name for term in before.terms}
    assert name in {term.name for term in after.terms}
    assert after.score == sum(term.points for term in after.terms)
    assert name in told(after)


def test_a_measured_term_counts_once_beside_the_declared_one() -> None:
    slow = Live(calls_last_minute=500, downstream_p95_ms=9000)
    declared = replace(BOTH, performance_critical=True, high_frequency=True)
    assert decide(CALL, declared, POLICY, slow).score == 5


@pytest.mark.parametrize(
    ("tool", "live"),
    [
        (BOTH, Live(downstream_p95_ms=9000)),
        (BOTH, Live(calls_last_minute=500, busy=True)),
        (SMALL, Live(downstream_memory_mb=900)),
    ],
)
def test_nothing_measured_counts_with_the_flag_for_performance_off(tool: Tool, live: Live) -> None:
    off = replace(POLICY, flags=Flags(performance_optimization=False))
    assert decide(CALL, tool, POLICY, live).route == "agno"
    assert decide(CALL, tool, off, live).route == "downstream"
    declared = replace(tool, performance_critical=True)
    assert decide(CALL, declared, off, live).score == 3


LEARNING = replace(POLICY, flags=Flags(predictive_allocation=True))
FOR_AGNO = Learned("agno", 0.9, "it was right more often")


def test_what_was_learned_takes_the_place_of_the_scores_sign() -> None:
    against = replace(BOTH, legacy_compatibility=True)
    decision = decide(CALL, against, LEARNING, Live(learned=FOR_AGNO))
    assert (decision.route, decision.fallback, decision.propensity) == ("agno", "downstream", 0.9)
    assert decision.score == -2
    assert "it was right more often" in told(decision)


def test_the_score_decides_and_says_so_while_nothing_was_learned() -> None:
    decision = decide(CALL, BOTH, LEARNING, Live(learned=None))
    assert (decision.route, decision.propensity) == ("downstream", None)
    assert "insufficient" in told(decision)


def test_what_was_learned_does_not_count_without_its_flag_nor_under_a_rollout_or_agno_preferred() -> None:
    live = Live(learned=Learned("downstream", 0.9, "cheaper"))
    keen = replace(BOTH, requires_teams=True)
    assert decide(CALL, keen, POLICY, live).route == "agno"
    assert decide(CALL, keen, replace(LEARNING, rollouts=under(100, "s")), live).route == "agno"
    assert decide(CALL, keen, replace(LEARNING, mode="agno_preferred"), live).route == "agno"


def test_a_learned_route_that_gives_way_was_not_chosen_by_the_draw() -> None:
    decision = decide(CALL, BOTH, LEARNING, Live({"agno": "full"}, learned=FOR_AGNO))
    assert (decision.route, decision.propensity) == ("downstream", None)


def test_agno_preferred_chooses_agno_against_the_score() -> None:
    against = replace(BOTH, legacy_compatibility=True)
    assert decide(CALL, against, replace(POLICY, mode="agno_preferred"), WELL).route == "agno"
    assert decide(CALL, against, POLICY, WELL).route == "downstream"


def test_a_tool_with_one_route_keeps_it_below_zero() -> None:
    lonely = Tool("hubspot_crm", agno="agent", legacy_compatibility=True)
    assert decide(Call("ann"), lonely, POLICY, WELL).route == "agno"


# 6. Health


def test_an_ill_route_gives_way_and_the_arm_stays_what_was_drawn() -> None:
    policy = replace(POLICY, share=50)
    for n in range(40):
        call = replace(CALL, unit=f"u{n}")
        drawn = decide(call, BOTH, policy, WELL)
        assert drawn.route is not None
        assert drawn.fallback is not None
        moved = decide(call, BOTH, policy, Live({drawn.route: "it is away"}))
        assert (moved.route, moved.arm, moved.fallback) == (drawn.fallback, drawn.arm, None)
        assert moved.propensity == drawn.propensity
        assert "it is away" in told(moved)


def test_a_route_with_nowhere_to_give_way_to_is_tried_all_the_same() -> None:
    decision = decide(CALL, BOTH, POLICY, Live({"agno": "full", "downstream": "away"}))
    assert (decision.route, decision.fallback) == ("downstream", None)
    assert "away" in told(decision)


def test_the_other_routes_illness_changes_nothing() -> None:
    assert decide(CALL, BOTH, POLICY, Live({"agno": "full"})).route == "downstream"


def test_a_busy_tool_stays_busy_until_it_is_called_clearly_less() -> None:
    calls = [10, 100, 101, 90, 70, 69, 90, 101]
    busy, seen = False, []
    for count in calls:
        busy = is_busy(count, busy)
        seen.append(busy)
    assert seen == [False, False, True, True, True, False, False, True]


def test_a_share_of_a_hundred_leaves_nobody_behind_that_ninety_nine_had() -> None:
    idle = Tool("hubspot_crm", agno="agent", downstream=BOTH.downstream)
    assert decide(CALL, idle, POLICY, WELL).route == "downstream"
    assert decide(CALL, idle, replace(POLICY, share=100), WELL).arm == "agno"


def test_every_term_has_the_points_it_is_documented_with() -> None:
    everything = replace(
        BOTH,
        performance_critical=True,
        high_frequency=True,
        requires_teams=True,
        memory_constrained=True,
        services=4,
        custom_logic=True,
        legacy_compatibility=True,
    )
    assert {term.name: term.points for term in score_terms(everything, WELL, Flags())} == {
        "performance_critical": 3,
        "high_frequency": 2,
        "requires_teams": 3,
        "memory_constrained": 1,
        "many_integrations": -2,
        "custom_logic": -1,
        "legacy_compatibility": -2,
    }
