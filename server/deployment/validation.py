"""Phase 1, validation: can these tools be moved at all, with these calls, under what is in force; and how long will it take?

Reads the configuration and the store, and starts nothing.
"""

from dataclasses import asdict, replace

from server.bridge.decide import decide
from server.bridge.decision import Call, Live
from server.deployment.plan import ToolPlan
from server.deployment.progress import PhaseRecord
from server.deployment.volume import Volume, Wait, volume, waits
from server.deployment.work import PhaseFailed, Work
from server.errors import InvalidArguments, RolloutRefused
from server.generation import rollouts_of
from server.rollout_steps import check_movable
from server.surface.schemas import Validators

__all__ = ["validated"]

LOOKED_BACK_S = 30 * 86_400.0
MOST_RECORDS = 20_000
SHORT_DAYS = 1.0
"""Less than a day on record says little about the days to come."""


async def validated(work: Work, record: PhaseRecord) -> None:
    """Raises PhaseFailed with every fault."""
    faults = [fault for name, tool in work.plan.tools.items() for fault in _faults(work, name, tool)]
    for fault in faults:
        work.say(record, fault)
    if faults:
        raise PhaseFailed(f"{len(faults)} {'thing' if len(faults) == 1 else 'things'} to mend before anything moves")
    for name in work.plan.tools:
        _volume(work, name, record)


def _faults(work: Work, name: str, tool: ToolPlan) -> list[str]:
    now = work.now()
    try:
        check_movable(name, now)
    except RolloutRefused as error:
        return [error.message]
    faults: list[str] = []
    own = now.serving(name)
    if own is None:
        return [f"no agent serves `{name}`"]
    # Without its rollout: a tool that was rolled back begins anew.
    policy = replace(now.policy, rollouts={each: one for each, one in now.policy.rollouts.items() if each != name})
    decision = decide(Call(unit=""), now.settings.facts(own, None), policy, Live())
    if decision.route is None:
        faults += [f"{name}: {reason.text}" for reason in decision.reasons if reason.text.startswith("agno")]
    if name in now.own:  # of an existing tool the agent check shows whether its server takes them
        try:
            Validators().check(name, own.form.input_schema, tool.arguments, ours=True)
        except InvalidArguments as error:
            faults.append(f"{error.message} They stand in the plan under tools.{name}.arguments.")
    newest = work.store.policies.latest()
    rollout = rollouts_of(newest).get(name) if newest else None
    if rollout is not None and rollout.state != "rolled_back" and rollout.salt != work.progress.salts[name]:
        faults.append(
            f"`{name}` is under a rollout already, at {rollout.percent} %, which this deployment did not begin. "
            f"End that with `sophia rollout abort {name}`, or take the tool out of the plan."
        )
    return faults


def _volume(work: Work, name: str, record: PhaseRecord) -> None:
    now, rules = work.clock(), work.now().configuration.agno.rollout
    seen = volume(work.store.decisions.latest(name, now - LOOKED_BACK_S, MOST_RECORDS), now)
    if seen is None:
        work.say(record, f"{name}: no call is on record, so nobody can say how long the stages will take")
        return
    expected = waits(seen, rules.stages, rules.floor_calls, rules.floor_units)
    record.data[name] = {"volume": asdict(seen), "waits": [{**asdict(one), "days": one.days} for one in expected]}
    work.say(record, f"{name}: {_seen(seen)}")
    for one in expected:
        work.say(record, f"  {_wait(one, rules.floor_calls, rules.floor_units)}")


def _seen(seen: Volume) -> str:
    p95 = "nothing answered" if seen.p95_ms is None else f"p95 {seen.p95_ms:,.0f} ms"
    short = "; less than a day is on record, so take the days for a guess" if seen.days < SHORT_DAYS else ""
    return (
        f"{_count(seen.calls, 'call')} in the last {_days(seen.days)}, {seen.drawable:,} of which both routes could "
        f"serve, by {_count(seen.users, 'user')}; {p95}{short}"
    )


def _wait(one: Wait, floor_calls: int, floor_users: int) -> str:
    floor = f"{floor_calls:,} calls of {floor_users:,} users"
    if one.days is None:
        return f"{one.percent} %: never enough samples at this rate ({floor} in each arm)"
    few = f"; {one.percent} % of the users are about {one.users:.1f}" if one.users < floor_users else ""
    arms = "" if one.percent == 100 else " in each arm"
    return f"{one.percent} %: {_days(one.days)} until enough samples, at the earliest ({floor}{arms}{few})"


def _days(days: float) -> str:
    if days >= 1:
        return f"{days:,.1f} days"
    return f"{days * 24:,.1f} hours" if days * 24 >= 1 else f"{days * 1440:,.1f} minutes"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
