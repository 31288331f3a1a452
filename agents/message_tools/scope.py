"""Which messages are meant: a channel, a period, and the source that has them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from pydantic import BaseModel, ConfigDict, Field, field_validator

from agents.analysis.periods import Period, parse_period
from agents.sources import Message, MessageScope, MessageSource, Partly, SourceError, Sources

__all__ = [
    "Asked",
    "MessageParameters",
    "asked",
    "gather",
    "messages_of",
    "plain_channel",
    "synthetic_note",
    "unread_note",
]


CHANNELS_READ = 30


class MessageParameters(BaseModel):
    """Where and when; what is left out is open."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channel: str | None = Field(default=None, max_length=80, description="only this channel")
    period: str | None = Field(
        default=None,
        max_length=60,
        description="when it was written: last week, 2017-12, 2017-12-01..2017-12-15, all",
    )

    focus: str | None = Field(
        default=None,
        max_length=200,
        description="the subject of a broader question; looked for where `query` is left out",
    )

    @field_validator("*", mode="before")
    @classmethod
    def _blank_is_open(cls, value: object) -> object:
        """Models fill optional parameters with empty strings."""
        return None if isinstance(value, str) and not value.strip() else value


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for, read: the scope, and how it is said (` in #sales, December 2017`, or nothing)."""

    scope: MessageScope
    phrase: str


def messages_of(sources: Sources) -> MessageSource:
    """The source of messages; a tool that needs it is offered only where there is one."""
    if sources.messages is None:
        raise SourceError("unavailable", "No configured server offers messages. Add one to config/downstream.yaml.")
    return sources.messages


def plain_channel(channel: str | None) -> str | None:
    """A channel's name without its #; None for none."""
    return (channel or "").strip().lstrip("#").strip() or None


async def asked(source: MessageSource, parameters: MessageParameters, otherwise: Period | None = None) -> Asked:
    """The scope of the parameters, in the period `otherwise` where they name none. Raises SourceError for no period."""
    channel, period = plain_channel(parameters.channel), otherwise
    if parameters.period is not None:
        period = parse_period(parameters.period, await source.as_of())
        if period is None:
            what = f"“{parameters.period}” is no period. Write `last week`, `2017-12`, `2017-12-01..2017-12-15` or `all`."
            raise SourceError("not_found", what)
    where = f" in #{channel}" if channel else ""
    if period is None or period.is_all:
        return Asked(MessageScope(channel), where)
    scope = MessageScope(
        channel,
        period.from_date if period.from_date > date.min else None,
        period.to_date if period.to_date < date.max else None,
    )
    return Asked(scope, f"{where}, {period.label}")


async def gather(source: MessageSource, scope: MessageScope) -> tuple[Message, ...]:
    """What was written in the scope's channel, or in all of them, newest first."""
    if scope.channel is not None:
        read = await source.history(scope)
        return read if isinstance(read, Partly) else tuple(read)
    found: list[Message] = []
    partly = False
    for channel in (await source.channels())[:CHANNELS_READ]:
        read = await source.history(replace(scope, channel=channel.name))
        partly = partly or isinstance(read, Partly)
        found += read
    found.sort(key=lambda it: (it.sent, it.id), reverse=True)
    return Partly(found) if partly else tuple(found)


def unread_note(*read: Sequence[Message]) -> tuple[str, ...]:
    """What has to be said where a source has more messages than were read."""
    if not any(isinstance(it, Partly) for it in read):
        return ()
    return ("There are more messages than were read here. Name a channel or a shorter period to see the others.",)


def synthetic_note(messages: tuple[Message, ...]) -> tuple[str, ...]:
    """What has to be said beside invented messages."""
    synthetic = sum(it.synthetic for it in messages)
    if not synthetic:
        return ()
    which = (
        "These messages are" if synthetic == len(messages) else f"{synthetic} of these {len(messages)} messages are"
    )
    return (f"{which} synthetic: written as sample data, nobody ever sent them.",)
