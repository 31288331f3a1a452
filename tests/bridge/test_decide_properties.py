"""What a decision promises whatever the call, the tool, the policy and the state of things."""

from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import asdict, fields, replace
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from server.bridge.decide import allowed, decide, share_of
from server.bridge.decision import AgnoMapping, Call, DownstreamMapping, Learned, Live, Route, Tool
from server.bridge.execute import Fallback, RouteRun, execute
from server.bridge.explain import explained
from server.bridge.policy import Flags, Policy, Rollout
from server.bridge.score import CRITERIA
from server.errors import DownstreamDown, DownstreamTimeout, ModelFailed, SophiaError

NAMES = st.sampled_from(["call_id", "rep", "period", "call_brief", "metric"])
SETS = st.frozensets(NAMES)
ROUTES: st.SearchStrategy[Route] = st.sampled_from(["agno", "downstream"])
TEXT = st.text(st.characters(exclude_categories=()), max_size=8)  # half characters included: JSON can hold them

mappings = st.builds(DownstreamMapping, st.just("gong"), SETS, SETS, SETS)
barred = st.dictionaries(ROUTES, st.just("not yours"))
calls = st.builds(Call, TEXT, SETS, st.none() | NAMES, st.none() | ROUTES, barred)
tools = st.builds(
    Tool,
    name=st.just("gong_intelligence") | TEXT,
    agno=st.sampled_from([None, "agent", "team"]),
    downstream=st.none() | mappings,
    target_ms=st.none() | st.integers(1, 1000),
    memory_limit_mb=st.none() | st.floats(1, 1000),
    services=st.integers(0, 6),
    agno_mapping=st.none() | st.builds(AgnoMapping, SETS, SETS),
    classification=st.sampled_from(["public", "internal", "confidential"]),
    in_house=st.frozensets(ROUTES),
    **{f.name: st.booleans() for f in fields(Tool) if f.type in (bool, "bool")},
)
rollouts = st.builds(
    Rollout,
    percent=st.sampled_from([0, 1, 10, 50, 99, 100]),
    salt=TEXT,
    state=st.sampled_from(["running", "held", "rolled_back"]),
    since=st.just(0.0),
    started=st.just(0.0),
)
policies = st.builds(
    Policy,
    st.integers(0, 9),
    mode=st.sampled_from(["hybrid", "agno_preferred", "traditional_only"]),
    enabled=st.booleans(),
    flags=st.builds(Flags, **dict.fromkeys((f.name for f in fields(Flags)), st.booleans())),
    share=st.sampled_from([None, 0, 1, 10, 50, 99, 100]),
    rollouts=st.dictionaries(st.just("gong_intelligence"), rollouts),
)
lives = st.builds(
    Live,
    st.dictionaries(ROUTES, st.just("away")),
    st.dictionaries(ROUTES, st.just("spent")),
    st.integers(0, 300),
    st.booleans(),
    st.none() | st.floats(0, 5000),
    st.none() | st.floats(0, 5000),
    st.none() | st.builds(Learned, ROUTES, st.floats(0, 1), st.just("it was right more often")),
)
worlds = (calls, tools, policies, lives)


def removed(call: Call, tool: Tool, policy: Policy, live: Live) -> set[Route]:
    """The first rule once more, as plainly as it can be said."""
    rollout = policy.rollouts.get(tool.name)
    at_zero = (
        (rollout.percent == 0 or rollout.state == "rolled_back") if rollout else (tool.existing or policy.share == 0)
    )
    restricted = tool.classification == "confidential"
    out: set[Route] = {route for route in ("agno", "downstream") if restricted and route not in tool.in_house}
    out |= call.forbidden.keys() | live.spent.keys()
    if tool.downstream is None:
        out.add("downstream")
    if (
        tool.agno is None
        or not policy.enabled
        or policy.mode == "traditional_only"
        or not tool.use_agno
        or (tool.agno == "agent" and not policy.flags.agno_agents)
        or (tool.agno == "team" and not policy.flags.team_coordination)
        or (at_zero and tool.downstream is not None)
    ):
        out.add("agno")
    return out


# Total and pure


@given(*worlds)
def test_every_call_has_a_decision_and_the_same_call_the_same_one(
    call: Call, tool: Tool, policy: Policy, live: Live
) -> None:
    before = asdict(call), asdict(tool), asdict(policy), asdict(live)
    decision = decide(call, tool, policy, live)
    assert decision == decide(replace(call), replace(tool), replace(policy), replace(live))
    assert (asdict(call), asdict(tool), asdict(policy), asdict(live)) == before
    assert decision.reasons


@given(*worlds)
def test_an_explanation_is_of_the_same_decision_and_leaves_out_no_rule_and_no_criterion_of_a_score(
    call: Call, tool: Tool, policy: Policy, live: Live
) -> None:
    found = explained(call, tool, policy, live)
    assert found.decision == decide(call, tool, policy, live)
    assert list(dict.fromkeys(rule.rule for rule in found.rules if rule.rule != "remedy")) == [
        "allowed",
        "force",
        "mappable",
        "rollout",
        "score",
        "health",
    ]
    assert {rule.text for rule in found.rules} >= {reason.text for reason in found.decision.reasons}
    if found.decision.score is None:
        assert found.criteria == ()
    else:
        assert [one.name for one in found.criteria] == [one.name for one in CRITERIA]
        assert all(one.because for one in found.criteria)
        counted = {(one.name, one.points, one.because) for one in found.criteria if one.counts}
        assert counted == {(term.name, term.points, term.because) for term in found.decision.terms}


# Rule 1: what is removed stays removed


@given(*worlds)
def test_a_removed_route_is_never_chosen_never_drawn_and_never_fallen_back_to(
    call: Call, tool: Tool, policy: Policy, live: Live
) -> None:
    out = removed(call, tool, policy, live)
    decision = decide(call, tool, policy, live)
    assert not {decision.route, decision.fallback, decision.arm} & out
    assert decision.route is None or decision.route != decision.fallback
    assert set(allowed(tool, policy)) == {"agno", "downstream"} - removed(Call(""), tool, policy, Live())


FAILURES: list[Exception | None] = [
    None,
    DownstreamDown("away", delivered=False),
    DownstreamDown("went away before it answered"),
    DownstreamTimeout("no sign of life"),
    ModelFailed("no answer"),
    RuntimeError("a fault of ours"),
]
fallbacks = st.builds(
    Fallback,
    st.sampled_from(["graceful", "immediate", "disabled"]),
    attempts=st.integers(1, 3),
    delay_ms=st.just(100),
    timeout_ms=st.just(1000),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(*worlds, fallbacks, st.booleans(), st.dictionaries(ROUTES, st.lists(st.sampled_from(FAILURES), max_size=3)))
def test_no_repetition_and_no_fallback_asks_a_removed_route(
    in_virtual_time: Callable[[Coroutine[Any, Any, None]], None],
    call: Call,
    tool: Tool,
    policy: Policy,
    live: Live,
    fallback: Fallback,
    repeatable: bool,
    scripts: dict[Route, list[Exception | None]],
) -> None:
    asked: set[Route] = set()

    def route(name: Route) -> Callable[[], Awaitable[str]]:
        script = list(scripts.get(name, ()))

        async def run() -> str:
            asked.add(name)
            failure = script.pop(0) if script else None
            if failure is not None:
                raise failure
            return name

        return run

    async def served() -> None:
        runs: dict[Route, RouteRun[str]] = {
            name: RouteRun(route(name), repeatable, 3) for name in ("agno", "downstream")
        }
        with suppress(SophiaError):
            await execute(decide(call, tool, policy, live), runs, fallback, 60_000, lambda *_: None)

    in_virtual_time(served())
    assert not asked & removed(call, tool, policy, live)


# Rules 2 and 3


@given(*worlds)
def test_a_forced_route_is_taken_or_refused_and_never_replaced(
    call: Call, tool: Tool, policy: Policy, live: Live
) -> None:
    assume(call.forced is not None)
    decision = decide(call, tool, policy, live)
    assert decision.route in {call.forced, None}
    assert decision.fallback is None


@given(*worlds)
def test_a_call_never_goes_where_it_cannot_be_expressed(call: Call, tool: Tool, policy: Policy, live: Live) -> None:
    mapping = tool.downstream
    if tool.agno is None or mapping is None:
        return  # a tool with one route takes its own arguments
    decision = decide(call, tool, policy, live)
    if not tool.existing:
        expressible = (
            call.intent in mapping.intents
            and mapping.required <= call.arguments
            and call.arguments <= mapping.expressible
        )
        assert expressible or "downstream" not in {decision.route, decision.fallback}
        return
    agent = tool.agno_mapping
    understood = agent is not None and agent.required <= call.arguments <= agent.expressible
    assert understood or "agno" not in {decision.route, decision.fallback}


# Rule 4: the draw


@given(*worlds)
def test_only_calls_that_both_routes_could_serve_are_drawn(
    call: Call, tool: Tool, policy: Policy, live: Live
) -> None:
    decision = decide(call, tool, policy, live)
    if decision.arm is None:
        return
    assert call.forced is None
    assert not removed(call, tool, policy, live)
    assert policy.rollout_of(tool.name, tool.existing) is not None
    assert decision.score is not None
    assert decision.propensity is not None
    assert decision.propensity > 0


@given(TEXT, TEXT, TEXT)
def test_a_units_place_is_a_share(tool: str, salt: str, unit: str) -> None:
    assert 0 <= share_of(tool, salt, unit) < 100


GONG = DownstreamMapping("gong", frozenset({"call_brief"}), frozenset({"call_id"}), frozenset({"call_id", "rep"}))


def at(percent: int, salt: str) -> Policy:
    return Policy(rollouts={"gong_intelligence": Rollout(percent, salt, "running", 0.0, 0.0)})


@given(TEXT, TEXT, st.integers(1, 100), st.integers(1, 100))
def test_a_unit_that_agno_serves_stays_when_the_share_grows(unit: str, salt: str, a: int, b: int) -> None:
    low, high = sorted((a, b))
    tool = Tool("gong_intelligence", agno="agent", downstream=GONG)
    call = Call(unit, frozenset({"call_id"}), "call_brief")
    before, after = (decide(call, tool, at(percent, salt), Live()).arm for percent in (low, high))
    assert before == "downstream" or after == "agno"
    assert high < 100 or after == "agno"


@given(*worlds, *worlds, TEXT, TEXT, st.integers(1, 99))
def test_a_draw_looks_at_the_tool_the_salt_and_the_unit_and_at_nothing_else(
    call: Call,
    tool: Tool,
    policy: Policy,
    live: Live,
    other_call: Call,
    other_tool: Tool,
    other_policy: Policy,
    other_live: Live,
    unit: str,
    salt: str,
    percent: int,
) -> None:
    arms = {
        decide(
            replace(one_call, unit=unit),
            replace(one_tool, name="t"),
            replace(one_policy, rollouts=rollouts),
            one_live,
        ).arm
        for rollouts in [{"t": Rollout(percent, salt, "running", 0.0, 0.0)}]
        for one_call, one_tool, one_policy, one_live in (
            (Call("", frozenset({"call_id"}), "call_brief"), Tool("t", "agent", GONG), Policy(), Live()),
            (call, tool, policy, live),
            (other_call, other_tool, other_policy, other_live),
        )
    }
    assert len(arms - {None}) == 1


# Rule 5: the score

DECLARED = (
    "performance_critical",
    "high_frequency",
    "requires_teams",
    "memory_constrained",
    "custom_logic",
    "legacy_compatibility",
)
plain = st.builds(
    Tool,
    name=st.just("gong_intelligence"),
    agno=st.just("agent"),
    downstream=st.just(GONG),
    target_ms=st.sampled_from([None, 200, 500]),
    services=st.integers(0, 6),
    **dict.fromkeys(DECLARED, st.booleans()),
)


def declaring(tool: Tool, criterion: str) -> Tool:
    return replace(tool, **({criterion: True} if criterion in DECLARED else {"services": 4}))


@given(plain, st.sampled_from(CRITERIA))
def test_each_criterion_adds_its_points_and_turns_the_choice_where_they_cross_zero(
    tool: Tool, criterion: Any
) -> None:
    call = Call("ann", frozenset({"call_id"}), "call_brief")
    before = decide(call, tool, Policy(), Live())
    assume(criterion.name not in {term.name for term in before.terms})
    after = decide(call, declaring(tool, criterion.name), Policy(), Live())
    assert before.score is not None
    assert after.score == before.score + criterion.points
    for decision, score in ((before, before.score), (after, after.score)):
        assert decision.route == ("agno" if score > 0 else "downstream")
        assert decision.score == sum(term.points for term in decision.terms)
