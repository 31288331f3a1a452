"""How the rollouts stand: what each arm of a stage measured over all processes, and what the gates make of it."""

from dataclasses import dataclass

from server.bridge.arm_evidence import ArmEvidence
from server.bridge.arms import load_arms, stage_of
from server.bridge.gates import Gate, GateRules, evaluate
from server.bridge.policy import Rollout
from server.bridge.rollout import Step, verdict
from server.generation import Generation
from server.state.tallies import Tallies

__all__ = ["Standing", "rules_for", "standing"]


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
    step = verdict(rollout, gates, now.configuration.agno.rollout.stages)
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
