"""How the rollouts stand: what each arm of a stage measured over all processes, and what the gates make of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from server.bridge.arm_evidence import ArmEvidence
from server.bridge.arms import load_arms, stage_of
from server.bridge.gates import Gate, GateRules, evaluate
from server.bridge.policy import Rollout
from server.bridge.rollout import Advance, Complete, Hold, RollBack, Step, verdict
from server.generation import Generation
from server.state.tallies import Tallies

__all__ = ["Standing", "earned", "rules_for", "standing", "standing_data", "step_said"]


@dataclass(frozen=True, slots=True)
class Standing:
    """One tool's rollout: both arms, every gate, and what follows."""

    tool: str
    rollout: Rollout
    agno: ArmEvidence
    downstream: ArmEvidence
    gates: tuple[Gate, ...]
    step: Step


def standing(tool: str, rollout: Rollout, now: Generation, tallies: Tallies) -> Standing:
    """How one rollout stands now. Raises StoreError."""
    arms = stage_of(load_arms(tallies, tool, rollout.salt), rollout.percent)
    gates = evaluate(arms["agno"], arms["downstream"], rules_for(tool, now))
    step = verdict(rollout, gates, now.configuration.agno.rollout.stages, watched=now.watches(tool))
    return Standing(tool, rollout, arms["agno"], arms["downstream"], gates, step)


def rules_for(tool: str, now: Generation) -> GateRules:
    """What the gates hold a tool against, as configured."""
    agno = now.configuration.agno
    rules, thresholds = agno.rollout, agno.performance_monitoring.thresholds
    return GateRules(
        floor_calls=rules.floor_calls,
        floor_units=rules.floor_units,
        max_error_rate=thresholds.error_rate_percent / 100,
        error_margin=rules.error_margin_percent / 100,
        target_ms=now.target_ms(tool),
        latency_ratio=rules.latency_ratio,
        alpha_breach=rules.breach_alpha,
        alpha_pass=rules.pass_alpha,
    )


def standing_data(one: Standing) -> Mapping[str, Any]:
    """How a rollout stands, for programs."""
    return {
        "tool": one.tool,
        **one.rollout.to_json(),
        "share": one.rollout.share,
        "arms": {"agno": _arm_data(one.agno), "downstream": _arm_data(one.downstream)},
        "gates": [asdict(gate) for gate in one.gates],
        "next": step_said(one),
    }


def _arm_data(arm: ArmEvidence) -> Mapping[str, Any]:
    return {
        "calls": arm.calls,
        "users": arm.users,
        "errors": arm.errors,
        "errors_by_kind": dict(arm.errors_by_kind),
        "p50_ms": arm.latency.quantile(0.5),
        "p95_ms": arm.latency.quantile(0.95),
        "p99_ms": arm.latency.quantile(0.99),
    }


def earned(one: Standing) -> str:
    """Why a rollout may go on, in words: by hand one may leave 0 % without evidence."""
    if one.rollout.percent or all(gate.verdict == "passed" for gate in one.gates):
        return f"every gate has passed at {one.rollout.percent} %"
    return "nothing has to pass at 0 %"


def step_said(one: Standing) -> str:
    """What follows from the gates, in words."""
    match one.step:
        case Advance(percent):
            return f"{earned(one)}: it may advance to {percent} %"
        case Complete():
            return "every gate has passed at 100 %: it is complete"
        case RollBack(why):
            return f"a gate is breached: it is rolled back at the next evaluation ({why})"
        case Hold(why):
            return "it stays: " + "; ".join(why)
