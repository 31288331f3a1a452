"""One invented tool under rollout: invented calls through the real decision, the real gates and the real steps.

Nothing of the bridge stands in for itself: `decide` draws each call, its outcome goes into `ArmEvidence`, every
`LOOK_EVERY_S` simulated seconds `evaluate` judges the stage and `verdict` says what follows, and the next policy is the
next value. Invented are the calls (Poisson, each by a user drawn evenly), how long a route takes (lognormal) and how
often it fails. Users differ: each has a factor on every latency and a rate of failures of his own (beta), so calls of
one user are alike. A look at evidence that has not changed is left out: it says what it said before.
"""

import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from server.bridge.arm_evidence import ArmEvidence
from server.bridge.decide import decide
from server.bridge.decision import Call, DownstreamMapping, Live, Route, Tool
from server.bridge.gates import Gate, GateRules, evaluate
from server.bridge.policy import Policy, Rollout
from server.bridge.rollout import Complete, Hold, RollBack, Step, advance, complete, hold, roll_back, start, verdict

__all__ = ["DAY_S", "LOOK_EVERY_S", "Behaviour", "Plan", "Ran", "Stage", "run"]

LOOK_EVERY_S = 10.0
DAY_S = 86_400.0
TARGET_MS = 500
LIVE = Live()
ARGUMENTS, INTENT = frozenset({"call_id"}), "call_brief"
MAPPING = DownstreamMapping("gong", frozenset({INTENT}), ARGUMENTS, ARGUMENTS)
TOOL = Tool("gong_intelligence", agno="agent", downstream=MAPPING, target_ms=TARGET_MS)

End = Literal["complete", "accepted", "rolled back", "ran out"]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How a route answers: median and spread (of the logarithm) of its latency, and the share of calls that fail."""

    median_ms: float
    spread: float
    error_rate: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What is simulated. `users_differ` is the spread of the users' factors on latency, `alike` the correlation of two
    calls of one user in whether they fail; after `patience_days` on a stage an operator goes on with a reason."""

    agno: Behaviour
    downstream: Behaviour
    users: int
    calls_a_day: float
    most_calls: int
    users_differ: float = 0.15
    alike: float = 0.02
    least_calls_a_stage: int = 0
    patience_days: float | None = None
    rules: GateRules = field(default_factory=lambda: GateRules(target_ms=TARGET_MS))
    stages: Sequence[int] = (10, 50, 100)


@dataclass(slots=True)
class Stage:
    """What one stage came to."""

    percent: int
    began_s: float
    ended_s: float = 0.0
    calls: int = 0
    agno_calls: int = 0
    units: set[str] = field(default_factory=set[str])
    agno_units: set[str] = field(default_factory=set[str])
    accepted_because: str = ""

    @property
    def days(self) -> float:
        """How long it took."""
        return (self.ended_s - self.began_s) / DAY_S


@dataclass(slots=True)
class Ran:
    """How a rollout went: its end, its stages, the last gates, and how long each decision took."""

    end: End = "ran out"
    stages: list[Stage] = field(default_factory=list[Stage])
    gates: tuple[Gate, ...] = ()
    decide_us: list[float] = field(default_factory=list[float])

    @property
    def calls(self) -> int:
        """All of them."""
        return sum(stage.calls for stage in self.stages)

    @property
    def agno_calls(self) -> int:
        """Those that were drawn to the agent."""
        return sum(stage.agno_calls for stage in self.stages)

    @property
    def agno_users(self) -> int:
        """How many users the agent served."""
        return len(set[str]().union(*(stage.agno_units for stage in self.stages)))


@dataclass(frozen=True, slots=True)
class _User:
    call: Call
    slowness: float
    failing: dict[Route, float]


def run(plan: Plan, seed: str) -> Ran:
    """One rollout, from its first stage to its end or until the calls run out. The same seed gives the same."""
    chance = random.Random(seed)  # noqa: S311  (no secret)
    users = [_user(plan, number, chance) for number in range(plan.users)]
    ran, now, look_at = Ran(), 0.0, LOOK_EVERY_S
    rollout = start(None, plan.stages, seed, now, automatic=True)
    policy, stage, evidence, looked = _begun(ran, rollout, now)
    for _ in range(plan.most_calls):
        now += chance.expovariate(plan.calls_a_day / DAY_S)
        if now >= look_at:
            look_at = (now // LOOK_EVERY_S + 1) * LOOK_EVERY_S
            if stage.calls != looked:
                looked, ran.gates = stage.calls, evaluate(evidence["agno"], evidence["downstream"], plan.rules)
                moved = _moved(rollout, plan, ran, stage, now)
                if moved.state != "running":
                    break
                if moved is not rollout:
                    rollout = moved
                    policy, stage, evidence, looked = _begun(ran, rollout, now)
        stage.ended_s = now
        user = users[int(chance.random() * plan.users)]
        before = time.perf_counter_ns()
        arm = decide(user.call, TOOL, policy, LIVE).arm
        ran.decide_us.append((time.perf_counter_ns() - before) / 1_000)
        assert arm is not None, "both routes are allowed and can serve"
        _count(stage, arm, user.call.unit)
        behaviour = plan.agno if arm == "agno" else plan.downstream
        failed = "broke" if chance.random() < user.failing[arm] else None
        took_ms = user.slowness * chance.lognormvariate(math.log(behaviour.median_ms), behaviour.spread)
        evidence[arm].add(user.call.unit, took_ms, failed, plan.rules.target_ms)
    stage.ended_s = now
    return ran


def _user(plan: Plan, number: int, chance: random.Random) -> _User:
    failing: dict[Route, float] = {
        "agno": _own_rate(plan.agno.error_rate, plan.alike, chance),
        "downstream": _own_rate(plan.downstream.error_rate, plan.alike, chance),
    }
    call = Call(f"user-{number}", ARGUMENTS, INTENT)
    return _User(call, chance.lognormvariate(0, plan.users_differ), failing)


def _own_rate(rate: float, alike: float, chance: random.Random) -> float:
    """A rate from the beta distribution with this mean in which two calls of one user correlate this much."""
    if alike <= 0 or not 0 < rate < 1:
        return rate
    weight = 1 / alike - 1
    return chance.betavariate(rate * weight, (1 - rate) * weight)


def _begun(ran: Ran, rollout: Rollout, now: float) -> tuple[Policy, Stage, dict[Route, ArmEvidence], int]:
    """A stage begins: a policy of its own, and no evidence yet."""
    stage = Stage(rollout.percent, now, now)
    ran.stages.append(stage)
    fresh: dict[Route, ArmEvidence] = {"agno": ArmEvidence(), "downstream": ArmEvidence()}
    return Policy(version=len(ran.stages), rollouts={TOOL.name: rollout}), stage, fresh, 0


def _moved(rollout: Rollout, plan: Plan, ran: Ran, stage: Stage, now: float) -> Rollout:
    """The rollout after one look at the gates; the same one where it stays."""
    step: Step = verdict(rollout, ran.gates, plan.stages)
    if isinstance(step, RollBack):
        ran.end = "rolled back"
        return roll_back(rollout, step.why, now)
    if stage.calls < plan.least_calls_a_stage:
        return rollout
    if isinstance(step, Hold):
        return _accepted(rollout, plan, ran, stage, now, step)
    if isinstance(step, Complete):
        ran.end = "complete"
        return complete(rollout, ran.gates)
    return advance(rollout, ran.gates, plan.stages, now)


def _accepted(rollout: Rollout, plan: Plan, ran: Ran, stage: Stage, now: float, step: Hold) -> Rollout:
    """An operator who has waited long enough goes on with a reason; at the last stage that ends the rollout."""
    if plan.patience_days is None or now - stage.began_s < plan.patience_days * DAY_S:
        return rollout
    stage.accepted_because = step.why[0]
    if rollout.percent == plan.stages[-1]:
        ran.end = "accepted"
        return hold(rollout, "waited long enough")
    return advance(rollout, ran.gates, plan.stages, now, accept_insufficient="waited long enough")


def _count(stage: Stage, arm: Route, unit: str) -> None:
    stage.calls += 1
    stage.units.add(unit)
    if arm == "agno":
        stage.agno_calls += 1
        stage.agno_units.add(unit)
