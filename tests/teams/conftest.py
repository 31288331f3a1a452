"""A team of three over fake sources: each member has one tool that finds one thing."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

import pytest
from pydantic import BaseModel

from agents.models.ladder import LadderModel, Models
from agents.outcome import Answered, Job, Limits
from agents.result import CallCitation, Finding
from agents.sources import Call, CallScope, Names, Sources, Transcript
from agents.spec import AgentSpec
from agents.tool import Observation, Tool
from teams.run import run_team
from teams.spec import TeamSpec


class Scope(BaseModel):
    rep: str | None = None
    account: str | None = None


class Found(BaseModel):
    member: str
    rep: str | None


@dataclass(slots=True)
class FakeSource:
    """Asked by each member under its own id."""

    asked: list[str] = field(default_factory=list)
    wait: Callable[[str], Awaitable[None]] | None = None
    break_with: dict[str, Exception] = field(default_factory=dict)

    async def as_of(self) -> date:
        return date(2017, 12, 31)

    async def names(self) -> Names:
        return Names()

    async def find(self, scope: CallScope) -> Sequence[Call]:
        return ()

    async def transcript(self, call_id: str) -> Transcript | None:
        self.asked.append(call_id)
        if self.wait:
            await self.wait(call_id)
        if call_id in self.break_with:
            raise self.break_with[call_id]
        return None


def member(id_: str, title: str, role: str, tool: str, cues: tuple[str, ...], at: int) -> AgentSpec:
    async def run(sources: Sources, scope: Scope) -> Observation:
        assert sources.calls is not None
        await sources.calls.transcript(id_)
        own = citation(at)
        shared = citation(0)
        return Observation(
            text=f"{title} looked at {scope.rep}.",
            data=Found(member=id_, rep=scope.rep),
            findings=(
                Finding(statement=f"{title} saw it", kind="fact", citations=[shared.id], confidence=1),
                Finding(statement=f"{title} alone", kind="candidate", citations=[own.id], confidence=0.5),
            ),
            citations=(shared, own),
            notes=("Synthetic.",),
        )

    looking = Tool(
        name=tool,
        description=f"{title}'s view.",
        cues=cues,
        parameters=Scope,
        data=Found,
        needs="calls",
        run=run,
    )
    return AgentSpec(
        id=id_, title=title, description=role, role=role, instructions=(), arguments=Scope, tools=(looking,)
    )


def citation(at: int) -> CallCitation:
    return CallCitation(
        id=f"call:c@{at}", call_id="c", call_title="synthetic", start_ms=at, end_ms=at, speaker="Ann", quote="well"
    )


COACH = member("coach", "Sales Coach", "Coaches a rep.", "coaching", ("coaching", "how a rep is doing"), 1)
CALLS = member("calls", "Call Reader", "Knows what was said on calls.", "objections", ("objections",), 2)
DEALS = member("deals", "Deal Desk", "Knows deals and the pipeline.", "pipeline", ("pipeline", "win rate"), 3)

DESK = TeamSpec(
    id="desk",
    title="Desk",
    description="Answers about sales.",
    mode="coordinate",
    members=(COACH, CALLS, DEALS),
    instructions=(),
    arguments=Scope,
)


@dataclass(slots=True)
class Asking:
    """Asks the team, as the server would."""

    source: FakeSource
    model: LadderModel
    models: dict[str, LadderModel] = field(default_factory=dict)
    spec: TeamSpec = DESK

    async def __call__(self, request: str, mode=None, intent=None, limits=None, foreign=None, **arguments: object):
        job = Job(
            request=request,
            arguments=arguments,  # type: ignore[arg-type]
            intent=intent,
            run_id=f"run-{request}-{arguments}",
            session_id=f"s-{request}",
            limits=limits or Limits(deadline_ms=60_000, max_model_calls=32),
        )
        return await run_team(
            self.spec,
            job,
            leader_model=self.models.get("leader", self.model),
            member_models=lambda name: self.models.get(name, self.model),
            sources=Sources(calls=self.source),
            foreign=foreign,
            mode=mode,
        )


@pytest.fixture
def ask() -> Asking:
    return Asking(FakeSource(), Models().resolve("embedded"))


@pytest.fixture
def canonical() -> Callable[[Answered], str]:
    def told(outcome: Answered) -> str:
        plain = [[item.model_dump() for item in part] for part in (outcome.findings, outcome.citations)]
        return json.dumps([outcome.answer, outcome.data, plain, outcome.notes])

    return told


@pytest.fixture
def never() -> asyncio.Event:
    """Never set: what waits for it hangs."""
    return asyncio.Event()
