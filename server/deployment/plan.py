"""The plan of a deployment, as an operator writes it: which tools move, what they have to reach first, how long to wait.

The stages are not in it: they are those of the configuration, so that a plan and the gates never speak of different ones.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

__all__ = ["Plan", "PlanRefused", "Targets", "ToolPlan", "read_plan"]

Positive = Annotated[float, Field(gt=0)]


class PlanRefused(Exception):
    """The plan cannot be used; the message says where and why, a line for each fault."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Targets(_Strict):
    """What is measured before any caller is moved; what is left out is measured and held against nothing."""

    instantiation_ms: Positive | None = None
    response_p95_ms: Positive | None = None
    memory_mb: Positive | None = None
    calls_per_minute: Positive | None = None
    error_rate_percent: Annotated[float, Field(ge=0, le=100)] | None = None


class ToolPlan(_Strict):
    """One tool: the real call that is made of it, how often it is measured, and its targets."""

    arguments: Annotated[Mapping[str, JsonValue], Field(min_length=1)]
    calls: Annotated[int, Field(ge=1, le=10_000)] = 20
    targets: Targets = Targets()


class Plan(_Strict):
    """The whole plan."""

    tools: Annotated[Mapping[str, ToolPlan], Field(min_length=1)]
    wait_minutes: Annotated[float, Field(ge=0)] = 60.0
    on_failure: Literal["rollback", "hold"] = "rollback"

    @property
    def digest(self) -> str:
        """The same for the same plan, however it is laid out; progress is kept under it."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


def read_plan(file: Path) -> Plan:
    """The plan in a file. Raises PlanRefused."""
    try:
        return Plan.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise PlanRefused(f"The plan {file.name} cannot be read: does it exist, and is it UTF-8 text?") from error
    except yaml.YAMLError as error:
        raise PlanRefused(f"The plan {file.name} is not YAML.") from error
    except ValidationError as error:
        faults = (f"  {'.'.join(map(str, one['loc'])) or 'the plan'}: {one['msg']}" for one in error.errors())
        raise PlanRefused("\n".join((f"The plan {file.name} cannot be used:", *faults))) from error
