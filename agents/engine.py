"""How Agno is brought up inside this process: quiet, offline, and warm before the first caller.

Agno logs to standard output unless its loggers have a handler when it is imported, and standard output is the wire
of a stdio server. It also sends telemetry unless told not to. `prepare` settles both and must run before Agno is
imported; everything in `agents` and `teams` that imports Agno calls it first. It may be called any number of times.

What Agno logs on its own holds arguments and providers' raw texts, so of its errors only the kind is let through, and
the failures that we raise on purpose to tell a model what went wrong are left out: they are in the outcome.
"""

import logging
import os
from typing import Any

from agents.ledger import ToolFailed

__all__ = ["execute", "prepare", "warm"]

log = logging.getLogger("sophia.agno")

LOGGERS = ("agno", "agno-team", "agno-workflow")
AGAIN_S = 60.0


class Errors(logging.Handler):
    """That Agno met an error and where, in our own log; never its text, and each place once a minute."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._said: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and isinstance(record.exc_info[1], ToolFailed):
            return
        kind = type(record.exc_info[1]).__name__ if record.exc_info and record.exc_info[1] else "an error"
        said = f"{record.levelname} {record.name}: {kind} in {record.module}.{record.funcName}"
        if record.created - self._said.get(said, 0.0) > AGAIN_S:
            self._said[said] = record.created
            log.warning("%s; the answer says what came of it", said)


def prepare() -> None:
    """Turn Agno's logging to standard error and its telemetry off."""
    os.environ["AGNO_TELEMETRY"] = "false"
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(handler, Errors) for handler in logger.handlers):
            logger.handlers[:] = [Errors()]
            logger.setLevel(logging.INFO)  # the level Agno sets on every run; another would only be changed back
            logger.propagate = False


async def execute(agent: Any, message: str, run_id: str | None = None) -> Any:
    """Agno's output of one run of an Agent or a Team, whose session was set when it was built.

    The one place that calls `arun`: its types are overloaded beyond use, and `agents.verdict` reads the output.
    """
    return await agent.arun(message, session_id=agent.session_id, run_id=run_id)


async def warm() -> None:
    """Import Agno and run an agent and a team once, so that the first caller does not wait for either."""
    prepare()
    from agno.agent import Agent
    from agno.team import Team, TeamMode

    from agents.models.embedded import EmbeddedModel

    def agent() -> Agent:
        return Agent(id="warm", name="warm", role="warm", model=EmbeddedModel(), session_id="warm", telemetry=False)

    await execute(agent(), "warm")
    team = Team(
        members=[agent()],
        id="team",
        model=EmbeddedModel(),
        mode=TeamMode.route,
        session_id="team",
        telemetry=False,
    )
    await execute(team, "warm")
