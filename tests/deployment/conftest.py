"""Deployments over a real store and real gates, on a clock that a pause moves; calls and builds are invented."""

import json
from collections.abc import Callable, Generator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from server.bridge.arms import KIND, Arm, Arms
from server.config import load
from server.deployment.deployment import Deployment
from server.deployment.plan import Plan
from server.deployment.progress import PhaseRecord, Progress, ProgressFile, begun
from server.deployment.work import Built, Called, Work
from server.generation import NOTHING_SET, Generation, generation_of, rollouts_of
from server.operations import By, Operations
from server.state.store import Store, open_store

TOOL = "gong_intelligence"
CONFIGURATION = load(None, {})
GENERATION = generation_of(CONFIGURATION, NOTHING_SET)
PLAN = {"tools": {TOOL: {"arguments": {"call_id": "7400171024000301"}}}}


ANSWERED = Called("agno", 40.0, said="answered")


@dataclass
class Watched:
    lines: list[str] = field(default_factory=list)

    def phase(self, number: int, record: PhaseRecord) -> None:
        self.lines.append(f"{number + 1} {record.name}: {record.state}")

    def line(self, text: str) -> None:
        self.lines.append(text)

    def status(self, text: str) -> None: ...


@dataclass
class Site:
    """`agent` is how the agent answers."""

    now: Callable[[], Generation]
    agent: Called = ANSWERED
    caller: Called = ANSWERED
    away: tuple[str, ...] = ()
    calls: int = 0

    async def ready(self, tool: str) -> tuple[str, ...]:
        return self.away

    async def call(self, tool: str, arguments: Mapping[str, Any], *, by_agent: bool) -> Called:
        self.calls += 1
        return self.agent if by_agent else self.caller

    def build(self, tool: str, times: int) -> Built:
        return Built([0.2] * times, 0.5, 100)


@dataclass
class Bench:
    """A deployment and everything around it. `callers` come while it pauses: how many users, ms and failing share of agno."""

    store: Store
    file: ProgressFile
    site: Site
    operations: Operations
    watched: Watched = field(default_factory=Watched)
    at: float = 1_000_000.0
    users: int = 40
    agno_ms: float = 50.0
    failing: bool = False
    meanwhile: Callable[[], None] = lambda: None

    def work(self, progress: Progress) -> Work:
        return Work(
            progress=progress,
            store=self.store,
            operations=self.operations,
            by=lambda why: By("alice", why),
            now=self.site.now,
            files=CONFIGURATION.digest,
            watch=self.watched,
            save=self.file.save,
            clock=lambda: self.at,
            pause=self.pause,
        )

    async def run(self, progress: Progress) -> Progress:
        await Deployment(self.work(progress), self.opened).run()
        kept = self.file.load()
        assert kept is not None
        return kept

    @asynccontextmanager
    async def opened(self):
        yield self.site

    async def pause(self, seconds: float) -> None:
        self.at += seconds
        newest = self.store.policies.latest() or NOTHING_SET
        arms = Arms()
        for tool, rollout in rollouts_of(newest).items():
            for user in range(self.users):
                for _ in range(50):
                    error = "broke" if self.failing else None
                    arms.record(
                        Arm(tool, rollout.salt, rollout.percent, "agno"), f"a{user}", self.agno_ms, error, 150
                    )
                    arms.record(Arm(tool, rollout.salt, rollout.percent, "downstream"), f"d{user}", 90.0, None, 150)
        self.store.tallies.save(KIND, f"process {self.at}", json.loads(json.dumps(arms.unsaved(KIND))))
        self.meanwhile()

    @property
    def rollout(self):
        return rollouts_of(self.store.policies.latest() or NOTHING_SET).get(TOOL)


def planned(tmp_path: Path, **more: Any) -> Progress:
    return begun(tmp_path / "plan.yaml", Plan.model_validate({**PLAN, **more}))


@pytest.fixture
def store(tmp_path: Path) -> Generator[Store]:
    with open_store(tmp_path / "state") as opened:
        yield opened


@pytest.fixture
def bench(tmp_path: Path, store: Store) -> Bench:
    def now() -> Generation:
        return GENERATION.under(store.policies.latest() or NOTHING_SET)

    file = ProgressFile(tmp_path / "state", tmp_path / "plan.yaml")
    return Bench(store, file, Site(now), Operations(store.policies, now=lambda: 1_000_000.0))
