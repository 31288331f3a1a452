"""The tool `search_messages`: what was written, by whom and where, newest first.

A question that names nothing to look for and no channel is a broad one, as a team asks it: its answer is a digest of
all channels over the period, so that nobody has to read every message of a quarter.
"""

from dataclasses import replace

from pydantic import Field

from agents.analysis.threads import threads_of
from agents.message_tools.digest import summed_up, usual
from agents.message_tools.quoting import MessageRow, citation, fact, line, row
from agents.message_tools.scope import (
    MessageParameters,
    asked,
    gather,
    messages_of,
    plain_channel,
    synthetic_note,
    unread_note,
)
from agents.result import Record
from agents.sources import Sources
from agents.tool import Observation, Tool

__all__ = ["SEARCH_MESSAGES"]

SHOWN = 10
HELD = 100


class SearchParameters(MessageParameters):
    """What to look for."""

    query: str | None = Field(
        default=None,
        max_length=500,
        description="words that the messages hold; a digest if neither they nor a channel are given",
    )


class SearchData(Record):
    """What was found."""

    query: str | None
    channel: str | None
    messages: list[MessageRow]
    total: int


async def run(sources: Sources, wanted: SearchParameters) -> Observation:
    source = messages_of(sources)
    subject, channel = wanted.query or wanted.focus, plain_channel(wanted.channel)
    broad = subject is None and channel is None
    where = await asked(source, wanted, usual(await source.as_of()) if broad else None)
    if subject is not None:
        found = await source.search(subject, where.scope)
    else:
        found = await gather(source, where.scope)
    data = SearchData(
        query=subject,
        channel=where.scope.channel,
        messages=[row(message) for message in found[:HELD]],
        total=len(found),
    )
    if broad:
        return replace(summed_up(threads_of(found), where, None, unread_note(found)), data=data)
    if not found:
        nothing = f"No message matches “{subject}”{where.phrase}" if subject else f"No message{where.phrase}"
        return Observation(
            f"**{nothing}.** Try fewer or other words, or a longer period.", data, notes=unread_note(found)
        )
    many = len(found) > 1
    matching = f" {'match' if many else 'matches'} “{subject}”" if subject else ""
    headline = f"{len(found)} message{'s' * many}{matching}{where.phrase}"
    shown = found[:SHOWN]
    lines = [line(message) for message in shown]
    if len(found) > len(shown):
        lines.append(f"\nShown: the newest {len(shown)} of {len(found)}.")
    return Observation(
        text=f"**{headline}**\n\n" + "\n".join(lines),
        data=data,
        findings=tuple(fact(message) for message in shown),
        citations=tuple(citation(message) for message in shown),
        notes=(*unread_note(found), *synthetic_note(tuple(shown))),
    )


SEARCH_MESSAGES = Tool(
    name="search_messages",
    description="Finds messages in channels, newest first, each quoted with its author, day and link.",
    cues=(
        "search",
        "find messages",
        "what was said",
        "who mentioned",
        "mentions",
        "messages about",
        "discussed",
        "look for",
        "read the channel",
        "newest messages",
        "last messages",
    ),
    parameters=SearchParameters,
    data=SearchData,
    needs="messages",
    run=run,
)
