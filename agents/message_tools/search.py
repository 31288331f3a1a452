"""The tool `search_messages`: what was written, by whom and where, newest first."""

from pydantic import BaseModel, ConfigDict, Field

from agents.message_tools.channel import messages_of, plain_channel
from agents.result import Finding, MessageCitation, Record
from agents.sources import Message, Sources
from agents.tool import Observation, Tool

__all__ = ["SEARCH_MESSAGES"]

SHOWN = 10
HELD = 100
QUOTE_CHARS = 240


class SearchParameters(BaseModel):
    """What to look for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    query: str = Field(min_length=1, max_length=500, description="words that the messages hold")
    channel: str | None = Field(default=None, max_length=80, description="only this channel")


class MessageRow(Record):
    """One message, whole."""

    id: str
    channel: str
    author: str
    sent: str
    text: str
    link: str | None


class SearchData(Record):
    """What was found."""

    query: str
    channel: str | None
    messages: list[MessageRow]
    total: int


async def run(sources: Sources, wanted: SearchParameters) -> Observation:
    channel = plain_channel(wanted.channel)
    found = await messages_of(sources).search(wanted.query, channel)
    where = f" in #{channel}" if channel else ""
    data = SearchData(
        query=wanted.query, channel=channel, messages=[row(message) for message in found[:HELD]], total=len(found)
    )
    if not found:
        return Observation(f"**No message{where} matches “{wanted.query}”.** Try fewer or other words.", data)
    headline = f"{len(found)} message{'s' * (len(found) > 1)}{where} {'match' if len(found) > 1 else 'matches'} “{wanted.query}”"
    shown = found[:SHOWN]
    lines = [f"- [#{it.channel}, {it.author}, {it.sent.date().isoformat()}] {quoted(it.text)}" for it in shown]
    if len(found) > len(shown):
        lines.append(f"\nShown: the newest {len(shown)} of {len(found)}.")
    citations = tuple(citation(message) for message in shown)
    return Observation(
        text=f"**{headline}**\n\n" + "\n".join(lines),
        data=data,
        findings=tuple(
            Finding(
                statement=f"{it.author} wrote in #{it.channel}: {quoted(it.text)}",
                kind="fact",
                citations=[cited.id],
                confidence=1,
            )
            for it, cited in zip(shown, citations, strict=True)
        ),
        citations=citations,
    )


def row(message: Message) -> MessageRow:
    return MessageRow(
        id=message.id,
        channel=message.channel,
        author=message.author,
        sent=message.sent.isoformat(),
        text=message.text,
        link=message.link,
    )


def citation(message: Message) -> MessageCitation:
    return MessageCitation(
        id=f"message:{message.id}",
        channel=message.channel,
        author=message.author,
        link=message.link,
        quote=message.text,
    )


def quoted(text: str) -> str:
    """A message between quotation marks, on one line, cut at a word where it is long."""
    flat = " ".join(text.split())
    return f"“{flat}”" if len(flat) <= QUOTE_CHARS else f"“{flat[:QUOTE_CHARS].rsplit(' ', 1)[0]} …”"


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
    ),
    parameters=SearchParameters,
    data=SearchData,
    needs="messages",
    run=run,
)
