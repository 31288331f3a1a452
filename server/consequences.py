"""What a change of rollouts means for callers, in words that operators read before they confirm it and after.

A share says little by itself: a tool without a rollout may have been the agent's whole, and what a rollback takes away
from the agent its server may not be able to answer. Nothing measured is known here, so a score is the declared one.
"""

from collections.abc import Mapping, Sequence

from server.bridge.decide import allowed
from server.bridge.decision import Live, Tool
from server.bridge.policy import Policy, Rollout
from server.bridge.score import score_terms
from server.generation import Generation, rollouts_of
from server.state.policies import Version

__all__ = ["at_zero", "consequences"]

TO_AGENT, TO_SERVER = "all to the agent", "all to the server"


def consequences(before: Version, after: Version, now: Generation) -> list[str]:
    """What differs for callers between two versions of the policy: one sentence for each thing that they may notice."""
    had, has = rollouts_of(before), rollouts_of(after)
    changed = [name for name in sorted({*had, *has}) if had.get(name) != has.get(name) and name in now.movable]
    lines: list[str] = []
    if before.settings == after.settings:  # what else was set decides too where no rollout does
        policies = now.under(before).policy, now.under(after).policy
        told = [name for name in changed if (name in had) != (name in has)]
        if len(told) == 1 or any(name not in has or has[name].share for name in told):  # of many at 0, no list
            lines = [line for name in told for line in _begun_or_ended(name, *policies, now)]
    none = {name: has[name] for name in changed if name in has and not has[name].share}
    return lines + _at_zero(none, now)


def at_zero(tool: str, rollout: Rollout, now: Generation) -> str | None:
    """What the calls of a tool come to while its rollout leaves the agent none of them; None where it has some."""
    return None if rollout.share else next(iter(_at_zero({tool: rollout}, now)), None)


def _at_zero(rollouts: Mapping[str, Rollout], now: Generation) -> list[str]:
    """One sentence for those that end alike."""
    lines: list[str] = []
    back = [name for name, one in rollouts.items() if name in now.own and one.state == "rolled_back"]
    waiting = [name for name, one in rollouts.items() if name in now.own and one.state != "rolled_back"]
    if back:
        lines.append(
            f"What only the agent can answer{_of(back)} is refused until a rollout starts again or this one is ended: "
            f"`sophia rollout abort {_one(back)}`."
        )
    if waiting:
        lines.append(
            f"What only the agent can answer{_of(waiting)} is refused until the rollout goes on "
            f"(`sophia rollout advance {_one(waiting)}`) or is ended (`sophia rollout abort {_one(waiting)}`)."
        )
    existing = [name for name in rollouts if name in now.existing]
    if existing:
        lines.append(f"The server that has always answered {', '.join(existing)} answers every call of it.")
    return lines


def _begun_or_ended(name: str, before: Policy, after: Policy, now: Generation) -> list[str]:
    if "agno" not in allowed(_known(name, now), after):
        return [f"The agent gets no calls of {name} all the same: policy keeps it out (`sophia explain {name}`)."]
    (was, why), (is_, why_now) = _served(name, before, now), _served(name, after, now)
    if was == is_:
        return []
    return [f"{name}, calls that both routes can serve: until now {was}{why}; from now on {is_}{why_now}."]


def _served(name: str, policy: Policy, now: Generation) -> tuple[str, str]:
    """Who gets the calls that both routes can serve, and by what, where no rollout of its own says so."""
    drawn = policy.rollout_of(name, name in now.existing)
    if drawn is not None:
        share, because = drawn[0], "" if name in {*policy.rollouts, *now.existing} else " (`agno_traffic_percentage`)"
        if share in {0, 100}:
            return (TO_AGENT if share else TO_SERVER), because
        return f"{share} % of the callers to the agent, {100 - share} % to the server", because
    if policy.mode == "agno_preferred":
        return TO_AGENT, " (`bridge_mode` agno_preferred)"
    score = sum(term.points for term in score_terms(_known(name, now), Live(), policy.flags))
    learned = ", unless what was learned says otherwise" if policy.flags.predictive_allocation else ""
    return (TO_AGENT if score > 0 else TO_SERVER), f" (score {score:+d} as declared{learned})"


def _known(name: str, now: Generation) -> Tool:
    """What is declared, with the agent alone: what shares leave it is not asked here."""
    own = now.own.get(name)
    return Tool(name, agno="agent") if own is None else now.settings.facts(own, None)


def _of(names: Sequence[str]) -> str:
    return "" if len(names) == 1 else f" of {', '.join(names)}"


def _one(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else "TOOL"
