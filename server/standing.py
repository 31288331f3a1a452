"""How the rollouts stand: what each arm of a stage measured over all processes, and what the gates make of it."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from server.bridge.arm_evidence import ArmEvidence
from server.bridge.arms import load_arms, stage_of
from server.bridge.decision import Route
from server.bridge.gates import Gate, GateRules, evaluate
from server.bridge.policy import Rollout
from server.bridge.rollout import Advance, Complete, Hold, RollBack, Step, asked, verdict
from server.generation import Generation
from server.instants import iso
from server.state.tallies import Tallies

__all__ = ["Standing", "earned", "rollout_data", "rules_for", "standing", "standing_data", "step_said"]


DAY_S = 86_400.0
PACE_S, PACE_CALLS = 3_600.0, 10
"""How long a stage must have stood and how many calls it must have had before they are called a pace."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One tool's rollout: both arms, every gate, those that have to pass at this stage, and what follows. `days` until the
    calls that are missing have come, if they come as so far at this stage; None where that is not known."""

    tool: str
    rollout: Rollout
    agno: ArmEvidence
    downstream: ArmEvidence
    gates: tuple[Gate, ...]
    asked: tuple[Gate, ...]
    step: Step
    days: float | None = None


def standing(
    tool: str, rollout: Rollout, now: Generation, tallies: Tallies, clock: Callable[[], float] = time.time
) -> Standing:
    """How one rollout stands now. Raises StoreError."""
    loaded = load_arms(tallies, tool, rollout.salt)
    arms = stage_of(loaded, rollout.percent)
    gates = evaluate(arms["agno"], arms["downstream"], rules_for(tool, now))
    step = verdict(rollout, gates, now.configuration.agno.rollout.stages, watched=now.watches(tool))
    asked_now = tuple(asked(rollout, gates, watched=now.watches(tool)))
    days = _days(asked_now, stage_of(loaded, rollout.percent, ("drawn",)), clock() - rollout.since)
    return Standing(tool, rollout, arms["agno"], arms["downstream"], gates, asked_now, step, days)


def _days(gates: Sequence[Gate], drawn: Mapping[Route, ArmEvidence], passed_s: float) -> float | None:
    """Days until the calls that gates wait for have come, at the pace of those drawn at this stage."""
    waiting = [gate for gate in gates if gate.verdict == "open"]
    missing: dict[Route, int] = {
        "agno": max((gate.needs_calls or 0 for gate in waiting), default=0),
        "downstream": max(
            (one.calls for gate in waiting for one in gate.lacks if one.arm == "downstream"), default=0
        ),
    }
    if passed_s < PACE_S or not any(missing.values()):
        return None
    if any(drawn[arm].calls < PACE_CALLS for arm, calls in missing.items() if calls):
        return None
    return max(calls * passed_s / drawn[arm].calls for arm, calls in missing.items() if calls) / DAY_S


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
        **rollout_data(one.rollout),
        "arms": {"agno": _arm_data(one.agno), "downstream": _arm_data(one.downstream)},
        "gates": [{**asdict(gate), "asked": gate in one.asked} for gate in one.gates],
        "next": step_said(one),
    }


def rollout_data(rollout: Rollout) -> dict[str, Any]:
    """A rollout for programs: the share that serves now beside the percent it had reached, and times as in the history."""
    times = {"since": rollout.since, "started": rollout.started}
    said = {name: iso(at) for name, at in times.items()}
    return {**rollout.to_json(), "share": rollout.share, **said}


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
        case RollBack():
            return "a gate is breached: the agent is taken out at the next evaluation"
        case Hold(why):
            waits = one.rollout.state == "running"
            return "; ".join([f"it stays: {'; '.join(why)}", *(_outlook(one) if waits else [])])


def _outlook(one: Standing) -> list[str]:
    """When what is missing will be there, or why it may never be."""
    if one.days is not None:
        soon = f"about {math.ceil(one.days):,} days" if one.days > 1 else "a day at most"
        return [f"{soon} at the pace of this stage so far"]
    if one.agno.calls or not one.rollout.percent:
        return []
    if one.downstream.users:
        none = (
            f"none of the {one.downstream.users:,} callers so far"
            if one.downstream.users > 1
            else "not the one caller so far"
        )
        return [
            f"{none} fell to agno: of few callers {one.rollout.percent} % can be nobody; "
            "then go on with --accept-insufficient and --why"
        ]
    return ["only calls that both routes can serve are drawn, and there was none yet"]
