"""A decision laid open: what each rule had to say, and every criterion of the score whether it counted or not. Pure."""

from dataclasses import dataclass

from server.bridge.decide import decide
from server.bridge.decision import Call, Decision, Live, Reason, Rule, Tool
from server.bridge.policy import Policy
from server.bridge.score import Weighed, weighed

__all__ = ["Explained", "explained"]

RULES: tuple[Rule, ...] = ("allowed", "force", "mappable", "rollout", "score", "health")


@dataclass(frozen=True, slots=True)
class Explained:
    """The decision; each rule in its order, also where it had nothing to add; each criterion of the score, where there was
    one."""

    decision: Decision
    policy_version: int
    rules: tuple[Reason, ...]
    criteria: tuple[Weighed, ...] = ()


def explained(call: Call, tool: Tool, policy: Policy, live: Live) -> Explained:
    """What `decide` would decide, with all that an operator needs to see why."""
    decision = decide(call, tool, policy, live)
    rules: list[Reason] = []
    for rule in RULES:
        said = [reason for reason in decision.reasons if reason.rule == rule]
        rules += said or [Reason(rule, _silent(rule, call, tool, policy, decision))]
    rules += [reason for reason in decision.reasons if reason.rule == "remedy"]
    criteria = () if decision.score is None else weighed(tool, live, policy.flags)
    return Explained(decision, policy.version, tuple(rules), criteria)


def _silent(rule: Rule, call: Call, tool: Tool, policy: Policy, decision: Decision) -> str:
    """Why a rule had nothing to say."""
    if rule in {"mappable", "rollout", "score", "health"} and (call.forced or decision.route is None):
        return "not looked at"
    under_rollout = policy.rollout_of(tool.name, tool.existing) is not None
    return {
        "allowed": "nothing takes a route out",
        "force": "no route was asked for by name",
        "mappable": "every route that is left can take the call",
        "rollout": "nothing is drawn where one route is left" if under_rollout else "the tool is not under a rollout",
        "score": f"{decision.score:+d}, recorded; the draw chose" if decision.arm else "not needed for one route",
        "health": "the chosen route can serve now",
    }[rule]
