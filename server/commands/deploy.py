"""`sophia deploy`: move tools to their agents by a plan, in phases, with everything measured on the way.

Exit codes: 0 complete (or taken back, where that was asked for), 1 failed or taken back, 2 the plan or the request makes
no sense, 3 held because a stage has too little evidence yet, 130 stopped by its operator.
"""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio

from server.commands.deploy_display import watching
from server.commands.operating import Undone, at_desk, operator
from server.commands.output import fail, printed
from server.commands.session import session
from server.config import ConfigurationError, load
from server.deployment.deployment import Deployment
from server.deployment.plan import PlanRefused, read_plan
from server.deployment.progress import NoProgress, Progress, ProgressFile, begun
from server.deployment.report import data, ended, keep
from server.deployment.site import RunningSite
from server.deployment.traffic import at_work
from server.deployment.work import Site, Work
from server.state.database import StoreError

__all__ = ["Asked", "deploy"]

FAILED, NOT_UNDERSTOOD, HELD, INTERRUPTED = 1, 2, 3, 130


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command was asked for; `report` is where to write it, without the ending."""

    plan: Path
    resume: bool = False
    rollback: bool = False
    why: str = ""
    report: Path | None = None
    as_json: bool = False


def deploy(config_dir: Path | None, state_dir: Path, asked: Asked) -> int:
    """Run a deployment, go on with one, or take one back."""
    kept = ProgressFile(state_dir, asked.plan)
    try:
        before = kept.load()
        if asked.rollback and before is None:
            raise PlanRefused(f"No deployment of {asked.plan} is known here, so there is nothing to take back.")
        progress = before if asked.rollback and before is not None else _chosen(asked, before)
    except (PlanRefused, NoProgress) as error:
        fail(str(error))
        return NOT_UNDERSTOOD
    try:
        _work(config_dir, state_dir, asked, kept, progress)
    except PlanRefused as error:
        fail(str(error))
        return NOT_UNDERSTOOD
    except KeyboardInterrupt:
        fail(f"\nStopped. {ended(progress)} Callers stay where they are. {_onward(asked)}")
        fail(_reported(asked, kept, progress))
        return INTERRUPTED
    except (Undone, StoreError, ConfigurationError, NoProgress) as error:
        return fail(str(error))
    where = _reported(asked, kept, progress)
    if asked.as_json:
        printed(data(progress))
        fail(where)
    else:
        print(ended(progress))  # noqa: T201
        if progress.open:
            print(_onward(asked))  # noqa: T201
        print(where)  # noqa: T201
    return _code(asked, progress)


def _code(asked: Asked, progress: Progress) -> int:
    if progress.state == "held":
        return HELD if progress.at.state == "held" else FAILED
    wanted = "rolled back" if asked.rollback else "complete"
    return 0 if progress.state == wanted else FAILED


def _chosen(asked: Asked, before: Progress | None) -> Progress:
    """The deployment to work on. Raises PlanRefused where the request does not fit what there is."""
    plan = read_plan(asked.plan)
    if before is not None and before.open:
        if not asked.resume:
            raise PlanRefused(f"This plan's deployment has begun already. {ended(before)} {_onward(asked)}")
        if before.planned.digest != plan.digest:
            raise PlanRefused(
                f"The tools of {asked.plan} are not those that its deployment began with. Put them back (`wait_minutes` "
                "and `on_failure` may change), or take it back with --rollback and begin anew."
            )
        return before.model_copy(update={"planned": plan})
    if asked.resume:
        last = "it was never begun." if before is None else f"the last one is at its end. {ended(before)}"
        raise PlanRefused(f"There is nothing to resume: {last} Leave --resume away to begin.")
    return begun(asked.plan, plan)


def _work(config_dir: Path | None, state_dir: Path, asked: Asked, kept: ProgressFile, progress: Progress) -> None:
    configuration = load(config_dir, os.environ)

    @asynccontextmanager
    async def opened() -> AsyncGenerator[Site]:
        async with session(configuration, state_dir, connected=True) as (sophia, client):
            yield RunningSite(sophia, client)

    with at_desk(config_dir, state_dir) as desk, watching(progress) as display:
        before = kept.load()
        if not (asked.resume or asked.rollback) and before is not None and (held := at_work(desk.store, before)):
            raise PlanRefused(
                f"This plan's last deployment still serves {', '.join(held)}. {ended(before)} Take it back with "
                f"`sophia deploy {asked.plan} --rollback` before you deploy it again."
            )
        work = Work(
            progress=progress,
            store=desk.store,
            operations=desk.operations,
            by=lambda why: operator(asked.why or f"deployment: {why}"),
            now=lambda: desk.now,
            files=configuration.digest,
            watch=display,
            save=kept.save,
        )
        deployment = Deployment(work, opened)
        if asked.rollback:
            deployment.roll_back(asked.why or "taken back by its operator")
        else:
            _run(deployment)


def _run(deployment: Deployment) -> None:
    try:
        anyio.run(deployment.run)
    except ExceptionGroup as group:  # what is raised while a Sophia runs comes wrapped
        lost = group.subgroup(NoProgress)
        if lost is None:
            raise
        raise Undone(str(lost.exceptions[0])) from group


def _onward(asked: Asked) -> str:
    return f"`sophia deploy {asked.plan} --resume` goes on, `sophia deploy {asked.plan} --rollback` takes it back."


def _reported(asked: Asked, kept: ProgressFile, progress: Progress) -> str:
    """Write the report; where it is, in words."""
    place = asked.report or kept.report
    place = place.with_suffix("") if place.suffix in {".md", ".json"} else place
    try:
        found = keep(progress, place)
    except OSError as error:
        return f"The report could not be written to {place}.md ({error.strerror}); name another place with --report."
    return f"Report: {found[0]}, and for programs {found[1].name} beside it."
