"""Runs one team for one job, from spec to outcome.

    job -> way of working -> fresh members with a ledger each -> fresh Agno team -> its own task -> settled by the way

The leader's and the members' model calls count against the one limit of the job. A team changes nothing: what a member
could change on its own, with its caller's confirmation, it is not offered when a leader sends it.
"""

import json
import logging
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast, get_args

from agents.build import ForeignTool, build_agent, offered
from agents.engine import execute
from agents.ledger import Ledger, Stopwatch
from agents.message import Asked, write
from agents.models.ladder import LadderModel
from agents.models.meter import Meter
from agents.outcome import Answered, Failed, Job, Outcome
from agents.sources import Sources
from agents.supervise import Cut, supervise
from agents.verdict import broken, carried, checked, ended, faulted, judge, late, over_limit, said, sourceless
from teams.build import WAYS, build_team, seat
from teams.spec import Mode, TeamSpec
from teams.way import Member, Together, Way

__all__ = ["run_team"]

log = logging.getLogger("sophia.teams")


async def run_team(
    spec: TeamSpec,
    job: Job,
    *,
    leader_model: LadderModel,
    member_models: Callable[[str], LadderModel],
    sources: Sources,
    foreign: Mapping[str, Sequence[ForeignTool]] | None = None,
    mode: Mode | None = None,
    knowing: Container[str] = (),
) -> Outcome:
    """What the team answers; `foreign` is by member, `knowing` are the members that may ask the documents. Raises ValueError for an unknown mode, else only CancelledError."""
    way = WAYS.get(mode or spec.mode)
    if way is None:
        raise ValueError(f"{mode or spec.mode!r} is no way of working; there are {', '.join(get_args(Mode))}")
    watch, meter = Stopwatch(), Meter(job.limits.max_model_calls)
    lent = {name: [tool for tool in tools if tool.read_only] for name, tools in (foreign or {}).items()}
    able = [one for one in spec.members if offered(one, sources, read_only=True) or lent.get(one.id)]
    members = [Member(one, Ledger(watch), model=member_models(one.id).name) for one in able]
    absent = [sourceless(one).message for one in spec.members if one not in able]
    if not members:
        return Failed("source", " ".join(absent))

    def wrote() -> bool:
        return any(member.ledger.wrote for member in members)

    try:
        agents = [
            build_agent(
                one.spec,
                job,
                one.ledger,
                model=member_models(one.spec.id),
                sources=sources,
                foreign=lent.get(one.spec.id, ()),
                role=seat(one.spec),
                read_only=True,
                knows=one.spec.id in knowing,
            )
            for one in members
        ]
        team = build_team(spec, way, job, agents, leader_model=leader_model)
        message = write(Asked(job.request, job.arguments, job.intent))
        output = await supervise(lambda: execute(team, message, job.run_id), meter, job.limits.deadline_ms)
    except Cut:
        return late(spec.title, job, wrote())
    except Exception:  # whatever Agno raises before a run of its own catches it
        log.exception("the run of %s raised", spec.id)
        return broken(spec.title, wrote())
    finally:
        if job.on_spent is not None:
            job.on_spent(meter.spent())
    if meter.exceeded:
        return over_limit(spec.title, job, wrote())

    outcome = settle(spec, way, job, output, meter=meter, members=members, model=leader_model.name)
    if not isinstance(outcome, Answered):
        return outcome
    if absent:
        outcome = replace(outcome, partial=True, notes=(*outcome.notes, *absent))
    return replace(outcome, model_calls=meter.calls, model_ms=meter.watch.ms, source_ms=watch.ms)


def settle(
    spec: TeamSpec, way: Way, job: Job, output: Any, *, meter: Meter, members: Sequence[Member], model: str
) -> Outcome:
    """The outcome of a team's run, by its way of working; what the caller reads is checked against the evidence first."""
    responses: Sequence[Any] = output.member_responses or ()
    last = {response.agent_id: response for response in responses}  # of two rounds, the second
    judged = tuple(
        replace(one, outcome=judge(one.spec, ended(last[one.spec.id], meter), one.ledger, job, one.model))
        if one.spec.id in last
        else one
        for one in members
    )
    leader = ended(output, meter)
    wrote = any(member.ledger.wrote for member in members)
    if leader.status == "PAUSED":
        return Failed("internal", f"{spec.title} stopped to wait for a person. Ask without that step.", wrote)
    if leader.status != "COMPLETED":
        return faulted(leader.fault, wrote=wrote) if leader.fault else broken(spec.title, wrote)
    evidence = [text for member in judged for text in member.ledger.evidence()]
    if way.speaks == "member":
        judged = tuple(with_checked_prose(member, job) for member in judged)
    prose, dropped = carried(leader.prose or "", evidence, job)
    order, reasons = handed_over(output)
    reasons = {name: carried(reason, evidence, job)[0] for name, reason in reasons.items()}
    return way.settle(Together(spec.title, prose or None, judged, order, reasons, model, dropped))


def with_checked_prose(member: Member, job: Job) -> Member:
    if not isinstance(member.outcome, Answered):
        return member
    return replace(member, outcome=checked(member.outcome, member.ledger.evidence(), job, said(member.ledger)))


def handed_over(output: Any) -> tuple[tuple[str, ...], Mapping[str, str]]:
    """To whom the leader handed the request, in its order, and what it said when it did."""
    order: list[str] = []
    reasons: dict[str, str] = {}
    for message in output.messages or ():
        for call in message.tool_calls or () if message.role == "assistant" else ():
            name = member_of(call)
            if name is None:
                continue
            order.append(name)
            if isinstance(message.content, str) and message.content.strip():
                reasons.setdefault(name, message.content.strip()[:200])
    return tuple(dict.fromkeys(order)), reasons


def member_of(call: Mapping[str, Any]) -> str | None:
    """The member that a tool call of a leader delegates to."""
    function = cast("Mapping[str, Any]", call.get("function") or {})
    if function.get("name") != "delegate_task_to_member":
        return None
    try:
        name = json.loads(function.get("arguments") or "{}").get("member_id")
    except (ValueError, AttributeError):
        return None
    return name if isinstance(name, str) else None
