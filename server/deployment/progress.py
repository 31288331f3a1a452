"""How far a deployment has come, kept in a file after every step, so that one that was stopped or killed goes on.

The file is replaced as a whole: whoever reads it finds the last step or the one before, never half of one. The truth
about traffic is the policy in the store; what stands here is whose rollouts they are (the salts) and what was measured.
"""

import os
import secrets
import tempfile
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from server.deployment.plan import Plan

__all__ = [
    "PHASES",
    "Figure",
    "NoProgress",
    "PhaseRecord",
    "PhaseState",
    "Progress",
    "ProgressFile",
    "State",
    "begun",
    "written",
]

PHASES = (
    "validation",
    "initialisation",
    "agent check",
    "performance validation",
    "gradual traffic",
    "final verification",
)
PhaseState = Literal["waiting", "under way", "passed", "failed", "held"]
State = Literal["under way", "held", "complete", "failed", "rolled back"]
AT_LEAST = frozenset({"calls_per_minute"})
"""Figures whose target is a least one; all others' is a most."""


class NoProgress(Exception):
    """Progress cannot be read or kept; the message says what to do."""


class Figure(BaseModel):
    """One thing that was measured of one tool; `how` says from what, `target` what the plan wants of it."""

    tool: str
    name: str
    value: float | None
    unit: str
    samples: int
    how: str
    target: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether it reaches its target; None where there is none. What could not be measured reaches nothing."""
        if self.target is None:
            return None
        if self.value is None:
            return False
        return self.value >= self.target if self.name in AT_LEAST else self.value <= self.target

    @property
    def said(self) -> str:
        """The figure in words."""
        value = "not measured" if self.value is None else f"{self.value:,.4g} {self.unit}"
        if self.target is None:
            return f"{self.name} {value} (n={self.samples:,})"
        sense = "at least" if self.name in AT_LEAST else "at most"
        verdict = "met" if self.met else "MISSED"
        return f"{self.name} {value} (n={self.samples:,}; target: {sense} {self.target:g}, {verdict})"


class PhaseRecord(BaseModel):
    """One phase: how it went, in words, and what it measured. Times in seconds since 1970."""

    name: str
    state: PhaseState = "waiting"
    began: float | None = None
    ended: float | None = None
    lines: list[str] = Field(default_factory=list[str])
    figures: list[Figure] = Field(default_factory=list[Figure])
    data: dict[str, Any] = Field(default_factory=dict[str, Any])


class Progress(BaseModel):
    """One deployment. `plan` is the file, `planned` what stood in it; `salts` are of its rollouts, by tool; `sittings` are
    the times when it was begun or resumed."""

    plan: str
    planned: Plan
    salts: dict[str, str]
    state: State = "under way"
    why: str = ""
    sittings: list[float] = Field(default_factory=list[float])
    current: int = 0
    phases: list[PhaseRecord]

    @property
    def open(self) -> bool:
        """Whether it can go on."""
        return self.state in {"under way", "held"}

    @property
    def at(self) -> PhaseRecord:
        """The phase that it stands in."""
        return self.phases[self.current]


def begun(file: Path, plan: Plan) -> Progress:
    """A deployment that has not done anything yet."""
    salts = {tool: secrets.token_hex(4) for tool in plan.tools}
    return Progress(plan=str(file), planned=plan, salts=salts, phases=[PhaseRecord(name=name) for name in PHASES])


class ProgressFile:
    """Where the deployments of one plan, by the place of its file, keep their progress and, by default, their reports."""

    def __init__(self, state_dir: Path, plan: Path) -> None:
        place = blake2b(str(plan.resolve()).encode(errors="surrogateescape"), digest_size=4).hexdigest()
        self.report = state_dir / "deployments" / f"{plan.stem}-{place}"
        self._file = self.report.with_name(f"{self.report.name}.progress.json")

    def load(self) -> Progress | None:
        """The last deployment of the plan, None where there was none. Raises NoProgress."""
        try:
            return Progress.model_validate_json(self._file.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            raise NoProgress(
                f"What is kept of this deployment cannot be read: {self._file}. `sophia rollout status` shows where the "
                "tools stand; move the file away to begin again."
            ) from error

    def save(self, progress: Progress) -> None:
        """Keep it; on the disk when this returns. Raises NoProgress."""
        try:
            written(self._file, progress.model_dump_json(indent=1))
        except OSError as error:
            raise NoProgress(
                f"How far the deployment is cannot be kept in {self._file} ({error.strerror}), so it stops here. Make room, "
                "then resume it or take it back."
            ) from error


def written(file: Path, text: str) -> None:
    """Write a file as a whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=file.parent, suffix=".new", delete=False) as new:
        try:
            new.write(text)
            new.flush()
            os.fsync(new.fileno())
            Path(new.name).replace(file)
        except BaseException:
            Path(new.name).unlink(missing_ok=True)
            raise
