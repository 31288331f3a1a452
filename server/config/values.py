"""What every model of the configuration is made of: the strict base and the kinds of values that keys have."""

import re
from collections.abc import Collection
from typing import Annotated, Final, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from server.config.names import AgentId
from server.config.problems import advise

EMBEDDED: Final = "embedded"
_MODEL = re.compile(r"[a-z0-9_-]+:\S+", re.IGNORECASE)
_VENDORS: Final = {"claude": "anthropic", "gpt": "openai", "gemini": "google"}


class Settings(BaseModel, frozen=True):
    """What all our settings share: unknown keys and near-miss types are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


def provider_model(name: str) -> str | None:
    """`claude-x` as we write it, `anthropic:claude-x`; None where the name does not tell who makes it."""
    vendor = next((vendor for family, vendor in _VENDORS.items() if name.startswith(family)), None)
    return f"{vendor}:{name}" if vendor else None


def _model_name(name: str) -> str:
    if name == EMBEDDED or _MODEL.fullmatch(name):
        return name
    meant = provider_model(name)
    suggestion = f"did you mean {meant}?" if meant else "for example anthropic:... or openai:..."
    raise PydanticCustomError("model_name", "must be 'embedded' or 'provider:model'", {"suggestion": suggestion})


def _known_service(name: str, info: ValidationInfo[Collection[str] | None]) -> str:
    """A server that is configured, or one that may be; `validate` hands in which those are."""
    known = info.context
    if known is None or name in known:
        return name
    raise PydanticCustomError(
        "service", "there is no server {name}", {"name": repr(name), "suggestion": advise(name, tuple(known))}
    )


def _distinct(items: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(items)) < len(items):
        raise PydanticCustomError("distinct", "names the same one twice")
    return items


def _rising(stages: tuple[int, ...]) -> tuple[int, ...]:
    if list(stages) != sorted(set(stages)) or stages[-1] != 100:
        raise PydanticCustomError(
            "rising", "must rise from stage to stage, and end at 100", {"suggestion": "for example [10, 50, 100]"}
        )
    return stages


Milliseconds: TypeAlias = Annotated[int, Field(ge=1, le=86_400_000)]
Minutes: TypeAlias = Annotated[int, Field(ge=1, le=10_080)]
Seconds: TypeAlias = Annotated[int, Field(ge=0, le=86_400)]
Megabytes: TypeAlias = Annotated[int, Field(ge=1, le=10_000_000)]
Count: TypeAlias = Annotated[int, Field(ge=1, le=1_000_000)]
Percent: TypeAlias = Annotated[int, Field(ge=0, le=100)]
Share: TypeAlias = Annotated[float, Field(ge=0, le=100)]
"""A percentage that may be a fraction, such as 2.5."""

Alpha: TypeAlias = Annotated[float, Field(gt=0, lt=1)]
Amount: TypeAlias = Annotated[float, Field(ge=0, le=1e12)]
"""Credits or money."""

ModelName: TypeAlias = Annotated[str, AfterValidator(_model_name)]

# A YAML list is a Python list: lax for the container only, the items stay strict.
Services: TypeAlias = Annotated[
    tuple[Annotated[str, AfterValidator(_known_service)], ...],
    Field(strict=False),
    AfterValidator(_distinct),
]
Tools: TypeAlias = Annotated[tuple[str, ...], Field(strict=False), AfterValidator(_distinct)]
Models: TypeAlias = Annotated[tuple[ModelName, ...], Field(strict=False), AfterValidator(_distinct)]
Members: TypeAlias = Annotated[tuple[AgentId, ...], Field(strict=False, min_length=1), AfterValidator(_distinct)]
Stages: TypeAlias = Annotated[
    tuple[Annotated[int, Field(ge=1, le=100)], ...], Field(strict=False, min_length=1), AfterValidator(_rising)
]
