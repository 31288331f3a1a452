"""A small desk of call tools over a fake source: what an agent is, without what it knows."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

import pytest
import uvicorn
from pydantic import BaseModel, ConfigDict
from starlette.applications import Starlette
from starlette.routing import Route

from agents.memory import Memory
from agents.models.ladder import LadderModel, Models
from agents.outcome import Job, Limits
from agents.result import CallCitation, Finding
from agents.run import run_agent
from agents.sources import Call, CallScope, Names, Sources, Transcript
from agents.spec import AgentSpec
from agents.tool import AnyTool, Observation, Tool
from tests.agents.runtime.scripted_provider import SECRET, Provider


class OneCall(BaseModel):
    model_config = ConfigDict(extra="forbid")
    call_id: str


class Post(BaseModel):
    text: str
    confirm: bool = False


class Counted(BaseModel):
    call_id: str
    found: int


@dataclass(slots=True)
class FakeCalls:
    """Calls whose transcripts are asked for by id; `wait` and `break_with` stand for a slow and a failing source."""

    asked: list[str] = field(default_factory=list)
    posted: list[str] = field(default_factory=list)
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
        return Transcript(call_id, ())


def looking_for(name: str, cues: tuple[str, ...], found: int) -> AnyTool:
    """A tool that finds `found` of something in a call, each with a sentence that says so."""

    async def run(sources: Sources, wanted: OneCall) -> Observation:
        assert sources.calls is not None
        await sources.calls.transcript(f"{wanted.call_id}/{name}")
        citation = CallCitation(
            id=f"call:{wanted.call_id}@{found}",
            call_id=wanted.call_id,
            call_title="synthetic",
            start_ms=found,
            end_ms=found + 1,
            speaker="Ann",
            quote=f"said in {wanted.call_id}",
        )
        good = Finding(
            statement=f"{found} {name} in {wanted.call_id}", kind="metric", citations=[citation.id], confidence=1
        )
        stray = Finding(statement=f"{name} of nowhere", kind="fact", citations=["call:lost@0"], confidence=1)
        return Observation(
            text=f"There are {found} {name} in {wanted.call_id}.",
            data=Counted(call_id=wanted.call_id, found=found),
            findings=(good, stray),
            citations=(citation,),
            notes=("The calls are synthetic.",),
        )

    return Tool(
        name=name,
        description=f"Looks through one call for {name.replace('_', ' ')}.",
        cues=cues,
        parameters=OneCall,
        data=Counted,
        needs="calls",
        run=run,
    )


async def posting(sources: Sources, wanted: Post) -> Observation:
    assert isinstance(sources.calls, FakeCalls)
    sources.calls.posted.append(wanted.text)
    if "post" in sources.calls.break_with:
        raise sources.calls.break_with["post"]
    return Observation(text="It is posted.", data=Counted(call_id="", found=0))


POST = Tool(
    name="post",
    description="Posts a text to a channel.",
    cues=("post to the channel",),
    parameters=Post,
    data=Counted,
    needs="calls",
    run=posting,
    writes=True,
)

ANALYST = AgentSpec(
    id="analyst",
    title="Call Analyst",
    description="Answers questions about calls.",
    role="Reads calls.",
    instructions=("Be short.",),
    arguments=OneCall,
    tools=(
        looking_for("summary", ("brief", "what was said"), 9),
        looking_for("objections", ("objections", "pushback"), 3),
        looking_for("next_steps", ("next steps", "follow up"), 2),
        POST,
    ),
)


@dataclass(slots=True)
class Asking:
    """Asks the analyst, as the server would."""

    calls: FakeCalls
    model: LadderModel
    sources: Sources
    spec: AgentSpec = ANALYST
    memory: Memory | None = None
    told: list[str] = field(default_factory=list)

    def job(self, request: str, intent: str | None = None, limits: Limits | None = None, **arguments: object) -> Job:
        async def progress(line: str) -> None:
            self.told.append(line)

        return Job(
            request=request,
            arguments=arguments,  # type: ignore[arg-type]
            intent=intent,
            run_id=f"run-{request[:20]}-{arguments.get('call_id')}",
            session_id="s-1",
            limits=limits or Limits(deadline_ms=60_000, max_model_calls=8),
            progress=progress,
            memory=self.memory,
        )

    async def __call__(
        self, request: str, intent: str | None = None, limits: Limits | None = None, **arguments: object
    ):
        return await run_agent(
            self.spec, self.job(request, intent, limits, **arguments), model=self.model, sources=self.sources
        )


@pytest.fixture
def ask() -> Asking:
    calls = FakeCalls()
    return Asking(calls, Models().resolve("embedded"), Sources(calls=calls))


@pytest.fixture
def gate() -> asyncio.Event:
    """Never set: what waits for it hangs."""
    return asyncio.Event()


@pytest.fixture
async def provider(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Provider]:
    fake = Provider()
    app = Starlette(routes=[Route("/{path:path}", fake.serve, methods=["POST"])])
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    task = asyncio.create_task(server.serve(sockets=[listening]))
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{listening.getsockname()[1]}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    yield fake
    if fake.hang:
        fake.hang.set()
    server.should_exit = True
    await task


@pytest.fixture
async def models(provider) -> AsyncIterator[Models]:
    ladder = Models()
    yield ladder
    await ladder.aclose()


@pytest.fixture
def ask_llm(ask, models):
    ask.model = models.resolve("openai-chat:m")
    return ask
