"""Does the same question get the same answer: the canonical JSON of answer, findings, citations and data, byte for byte.

Three ways of trying to make it differ: twenty runs in one process; two more processes that hash differently
(PYTHONHASHSEED); and every order in which the members of a team can come to an end. With `--data FOLDER` of Gong-shaped
JSON the questions are about its first calls.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import anyio

from agents.models.ladder import Models
from agents.outcome import Answered, Job, Limits
from benchmarks.quality.asked import Asked, about_calls, manager_questions
from benchmarks.quality.member_turns import Turns, held_back
from benchmarks.quality.row import Quality, Row, exactly
from benchmarks.quality.serving import AskedInVain, Served, canonical, import_calls, served, structured
from server.surface.own_calls import Asking
from teams.run import run_team
from teams.spec import TeamSpec

__all__ = ["measure"]

RUNS = 20
HASH_SEEDS = ("1", "4711")
CALLS = 2
PATIENCE_S = 60.0
DEADLINE_MS, MODEL_CALLS = 60_000, 32
TEAMS = ("business_intelligence_team", "executive_knowledge_team")


def measure(data: Path | None) -> Quality:
    """Ask again and again. Raises NoData where a folder holds no call."""
    with TemporaryDirectory() as folder:
        calls = Path(folder) if data else None
        questions = about_calls(import_calls(data, Path(folder))[:CALLS]) if data else manager_questions()
        runs = anyio.run(_runs, questions, calls, RUNS)
        processes = [_in_a_process(seed, data) for seed in HASH_SEEDS]
        orders = anyio.run(_orders, calls)
    between = [{forms[0], *others} for forms, *others in zip(runs, *processes, strict=True)]
    where = f"the first {CALLS} calls of {data.name}" if data else "the bundled workspace"
    return Quality(
        "Determinism: distinct canonical forms of one answer, the worst question",
        f"{where}, {len(questions)} questions to agents and teams; no split, nothing is tuned",
        (
            Row(f"over {RUNS} runs", max(len(set(forms)) for forms in runs), len(questions) * RUNS, "answers", exactly(1)),
            Row(
                "over three processes with different hashing", max(map(len, between)),
                len(questions) * (1 + len(HASH_SEEDS)), "answers", exactly(1),
            ),
            Row(
                "over every order in which members end", max(len(set(forms)) for forms in orders),
                sum(map(len, orders)), f"answers of {len(orders)} teams", exactly(1),
            ),
        ),
        ("Ids, times and freshness stand outside the canonical form.",),
    )  # fmt: skip


async def _runs(questions: Sequence[Asked], calls: Path | None, times: int) -> list[list[str]]:
    """By question, the digest of each of its answers."""
    async with served(calls) as sophia:
        return [[await _digest(sophia, asked) for _ in range(times)] for asked in questions]


async def _digest(sophia: Served, asked: Asked) -> str:
    try:
        return _hashed(canonical(await structured(sophia.client, asked.tool, asked.arguments)))
    except AskedInVain as error:  # an error has to be the same, too
        return _hashed(str(error))


def _in_a_process(seed: str, data: Path | None) -> list[str]:
    """The digests of the first answers in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.quality.determinism", *([str(data)] if data else [])]
    ran = subprocess.run(
        command, env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
    )
    return list(json.loads(ran.stdout.splitlines()[-1]))


async def _orders(calls: Path | None) -> list[list[str]]:
    """By team, the digest of its answer for each order of its members."""
    asked = {one.tool: one for one in reversed(manager_questions())}
    async with served(calls) as sophia:
        return [await _permuted(sophia, asked[name]) for name in TEAMS]


async def _permuted(sophia: Served, asked: Asked) -> list[str]:
    team = sophia.sophia.control.current.own[asked.tool].spec
    assert isinstance(team, TeamSpec)
    freely = Turns(())
    forms = [await _run_in_order(sophia, asked, team, freely)]
    for order in permutations(sorted(freely.began)):
        turns = Turns(order)
        with anyio.fail_after(PATIENCE_S):
            forms.append(await _run_in_order(sophia, asked, team, turns))
        assert turns.began == list(order)
    return forms


async def _run_in_order(sophia: Served, asked: Asked, team: TeamSpec, turns: Turns) -> str:
    job = await _job(sophia, asked)
    models = Models()
    embedded = models.resolve("embedded")
    outcome = await run_team(
        held_back(team, turns),
        job,
        leader_model=embedded,
        member_models=lambda _: embedded,
        sources=sophia.sophia.bound.sources,
    )
    await models.aclose()
    assert isinstance(outcome, Answered), outcome
    findings = [finding.model_dump(mode="json") for finding in outcome.findings]
    citations = [citation.model_dump(mode="json") for citation in outcome.citations]
    return _hashed(
        canonical(
            {"answer": outcome.answer, "findings": findings, "citations": citations, "data": dict(outcome.data)}
        )
    )


async def _job(sophia: Served, asked: Asked) -> Job:
    """The job that the server would make of a question."""

    async def unseen(_: str) -> None:
        return

    tool = sophia.sophia.control.current.own[asked.tool]
    _, understood = await sophia.sophia.calls.explain(
        tool, asked.arguments, Asking("benchmark", None, unseen), sophia.sophia.control.current
    )
    return Job(
        request=str(asked.arguments.get("request", "")),
        arguments=understood["arguments"],
        intent=understood["intent"],
        run_id=uuid4().hex,
        session_id="benchmark",
        limits=Limits(DEADLINE_MS, MODEL_CALLS),
    )


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _main() -> None:
    """Print the digests of the first answers: the part that another process does."""
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    with TemporaryDirectory() as folder:
        questions = about_calls(import_calls(data, Path(folder))[:CALLS]) if data else manager_questions()
        runs = anyio.run(_runs, questions, Path(folder) if data else None, 1)
    print(json.dumps([forms[0] for forms in runs]))


if __name__ == "__main__":
    _main()
