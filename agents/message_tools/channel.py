"""Channels and their source."""

from agents.sources import MessageSource, SourceError, Sources

__all__ = ["messages_of", "plain_channel"]


def messages_of(sources: Sources) -> MessageSource:
    """The source of messages; a tool that needs it is offered only where there is one."""
    if sources.messages is None:
        raise SourceError("unavailable", "No configured server offers messages. Add one to config/downstream.yaml.")
    return sources.messages


def plain_channel(channel: str | None) -> str | None:
    """A channel's name without its #; None for none."""
    return (channel or "").strip().lstrip("#").strip() or None
