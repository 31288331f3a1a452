"""What goes into a run of an agent or a team, and what comes out of it.

A run ends as `Answered`, or as `Failed` with a kind that says who caused it. Nothing in either ever holds the text
of a raw exception.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import JsonValue

from agents.memory import Memory
from agents.models.spent import OnSpent
from agents.result import Citation, Finding, MemberShare

__all__ = ["UNSURE", "Answered", "Failed", "Job", "Limits", "Outcome", "Progress"]

UNSURE = "It is not known whether it was posted: look in the channel before you post it again."
"""What is said of a run that was cut off after it sent something that may change something."""

Progress = Callable[[str], Awaitable[None]]
"""Told in one line, under 200 characters, what the run is doing."""


async def silent(_: str) -> None:
    """The progress of a run that nobody watches."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may use. `max_model_calls` counts every call to a model, members' included."""

    deadline_ms: int
    max_model_calls: int


@dataclass(frozen=True, slots=True)
class Job:
    """One call of an agent or a team.

    `arguments` are the typed arguments, parsed and given ones together, JSON-valued, none of them None; a member of
    a team takes those it knows. `intent` is the name of the tool that the request asks for, if one was recognised.
    `memory` is the session's, None where nothing is remembered. `on_write` is told when a call that may change something
    is sent: a run that is cut off cannot say so any more. `on_spent` is told what the run's models used.
    """

    request: str
    arguments: Mapping[str, JsonValue]
    intent: str | None
    run_id: str
    session_id: str
    limits: Limits
    progress: Progress = silent
    on_write: Callable[[], None] | None = None
    on_spent: OnSpent | None = None
    memory: Memory | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """A run that gave an answer.

    `data` is by tool name (an agent's) or by member id and then tool name (a team's), a list of payloads each,
    in the order of the plan. `model` is the id that answered, `model_calls` how often it was asked, `model_ms`
    the time spent waiting for it. `partial` means that something asked for is missing, and `notes` says what.
    """

    answer: str
    model: str
    findings: tuple[Finding, ...] = ()
    citations: tuple[Citation, ...] = ()
    data: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    notes: tuple[str, ...] = ()
    members: tuple[MemberShare, ...] = ()
    partial: bool = False
    dropped_findings: int = 0
    dropped_sentences: int = 0
    model_calls: int = 0
    model_ms: float = 0.0
    source_ms: float = 0.0
    wrote: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """A run without an answer.

    `source`: what was asked said no, or no such source is configured; `source_down`: it is away; `not_found`: what was
    asked for does not exist; `model`: the model failed, and will again; `model_down`: it may answer later, after
    `retry_after_s` seconds where its provider says so.

    `message` says what failed and what to do next, fit for any client. `wrote` is true when a tool that changes
    something had been called: such a run is never repeated or answered by another route.
    """

    kind: Literal["deadline", "limit", "model", "model_down", "source", "source_down", "not_found", "internal"]
    message: str
    wrote: bool = False
    members: tuple[MemberShare, ...] = ()
    retry_after_s: float | None = None


Outcome = Answered | Failed
