"""The plan of a deployment, as an operator writes it: which tools move, what they have to reach first, how long to wait.

The stages are not in it: they are those of the configuration, so that a plan and the gates never speak of different ones.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

__all__ = ["Plan", "PlanRefused", "Targets", "ToolPlan", "read_plan"]

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


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
    """The whole plan. `wait_minutes` is how long one stage may wait for its evidence before the command leaves it there."""

    tools: Annotated[Mapping[str, ToolPlan], Field(min_length=1)]
    wait_minutes: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 60.0
    on_failure: Literal["rollback", "hold"] = "rollback"

    @property
    def digest(self) -> str:
        """The same for the same tools, calls and targets, however they are laid out. How long to wait may change on the way."""
        tools = {name: one.model_dump(mode="json") for name, one in self.tools.items()}
        return hashlib.sha256(json.dumps(tools, sort_keys=True).encode()).hexdigest()[:16]


def read_plan(file: Path) -> Plan:
    """The plan in a file. Raises PlanRefused."""
    try:
        return Plan.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise PlanRefused(f"The plan {file} cannot be read: does it exist, and is it UTF-8 text?") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise PlanRefused(f"The plan {file} is not YAML{where}.") from error
    except ValidationError as error:
        faults = (f"  {_place(one['loc'])}: {_said(one)}" for one in error.errors())
        raise PlanRefused("\n".join((f"The plan {file} cannot be used:", *dict.fromkeys(faults)))) from error


def _place(loc: Sequence[int | str]) -> str:
    return ".".join(map(str, loc[:4])) or "the plan"


def _said(fault: Any) -> str:
    loc, kind = fault["loc"], fault["type"]
    model = {0: Plan, 2: ToolPlan, 3: Targets}.get(len(loc) - 1, Plan)
    if kind == "extra_forbidden":
        return f"is no key here; there are {', '.join(model.model_fields)}"
    if "arguments" in loc and kind != "missing":
        return "write the arguments as `name: value`, at least one; put what looks like a date into quotes"
    if kind == "missing":
        return "is missing"
    if kind in {"model_type", "mapping_type", "dict_type"}:
        return "write it as `key: value` pairs"
    message = str(fault["msg"])
    return message[:1].lower() + message[1:]
