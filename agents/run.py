"""Runs one agent for one job, from spec to outcome.

    job, sources, model -> fresh Agno agent + ledger -> its own task under a deadline -> verdict

Nothing is shared between runs but the model's connections and the sources, and nothing but an `Outcome` comes back:
no exception of Agno's, a provider's or a tool's, and no text of one.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace

from agents.build import ForeignTool, build_agent, offered
from agents.engine import execute
from agents.ledger import Ledger
from agents.message import Asked, write
from agents.models.ladder import LadderModel
from agents.models.meter import Meter
from agents.outcome import Answered, Job, Outcome
from agents.sources import Sources
from agents.spec import AgentSpec
from agents.supervise import Cut, supervise
from agents.verdict import broken, checked, ended, judge, late, over_limit, said, sourceless

__all__ = ["run_agent"]

log = logging.getLogger("sophia.agents")


async def run_agent(
    spec: AgentSpec,
    job: Job,
    *,
    model: LadderModel,
    sources: Sources,
    foreign: Sequence[ForeignTool] = (),
    knows: bool = False,
) -> Outcome:
    """What the agent answers; `knows`: it may ask the documents. Raises nothing but CancelledError."""
    if not offered(spec, sources) and not foreign:
        return sourceless(spec)
    ledger, meter = Ledger(on_write=job.on_write), Meter(job.limits.max_model_calls)
    message = write(Asked(job.request, job.arguments, job.intent))
    try:
        agent = build_agent(
            spec, job, ledger, model=model, sources=sources, foreign=foreign, memory=job.memory, knows=knows
        )
        output = await supervise(lambda: execute(agent, message, job.run_id), meter, job.limits.deadline_ms)
    except Cut:
        return late(spec.title, job, ledger.wrote)
    except Exception:  # whatever Agno raises before a run of its own catches it
        log.exception("the run of %s raised", spec.id)
        return broken(spec.title, ledger.wrote)
    finally:
        if job.on_spent is not None:
            job.on_spent(meter.spent())
    if meter.exceeded:
        return over_limit(spec.title, job, ledger.wrote)
    outcome = judge(spec, ended(output, meter), ledger, job, model.name)
    if not isinstance(outcome, Answered):
        return outcome
    outcome = checked(outcome, ledger.evidence(), job, said(ledger))
    if (lacking := unoffered(spec, job, sources)) is not None:
        outcome = replace(outcome, partial=True, notes=(*outcome.notes, lacking))
    return replace(outcome, model_calls=meter.calls, model_ms=meter.watch.ms, source_ms=ledger.watch.ms)


def unoffered(spec: AgentSpec, job: Job, sources: Sources) -> str | None:
    """What to say where the request asks for a tool whose source is not there, and another had to answer."""
    meant = next((tool for tool in spec.tools if tool.name == job.intent), None)
    if meant is None or meant in offered(spec, sources):
        return None
    return f"`{meant.name}` was asked for and needs {meant.needs}, which no configured server offers."
