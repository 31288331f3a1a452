"""The tool `search_messages`: what was written, by whom and where, newest first."""

from pydantic import Field

from agents.message_tools.quoting import MessageRow, citation, fact, line, row
from agents.message_tools.scope import MessageParameters, asked, gather, messages_of, synthetic_note
from agents.result import Record
from agents.sources import SourceError, Sources
from agents.tool import Observation, Tool

__all__ = ["SEARCH_MESSAGES"]

SHOWN = 10
HELD = 100


class SearchParameters(MessageParameters):
    """What to look for."""

    query: str | None = Field(
        default=None, max_length=500, description="words that the messages hold; all if left out"
    )


class SearchData(Record):
    """What was found."""

    query: str | None
    channel: str | None
    messages: list[MessageRow]
    total: int


async def run(sources: Sources, wanted: SearchParameters) -> Observation:
    source = messages_of(sources)
    where = await asked(source, wanted)
    if wanted.query is not None:
        found = tuple(await source.search(wanted.query, where.scope))
    elif where.phrase:
        found = await gather(source, where.scope)
    else:
        raise SourceError("not_found", "Say what to look for: give `query`, `channel` or `period`.")
    data = SearchData(
        query=wanted.query,
        channel=where.scope.channel,
        messages=[row(message) for message in found[:HELD]],
        total=len(found),
    )
    if not found:
        nothing = (
            f"No message{where.phrase} matches “{wanted.query}”" if wanted.query else f"No message{where.phrase}"
        )
        return Observation(f"**{nothing}.** Try fewer or other words, or a longer period.", data)
    many = len(found) > 1
    headline = f"{len(found)} message{'s' * many}{where.phrase}"
    if wanted.query:
        headline += f" {'match' if many else 'matches'} “{wanted.query}”"
    shown = found[:SHOWN]
    lines = [line(message) for message in shown]
    if len(found) > len(shown):
        lines.append(f"\nShown: the newest {len(shown)} of {len(found)}.")
    return Observation(
        text=f"**{headline}**\n\n" + "\n".join(lines),
        data=data,
        findings=tuple(fact(message) for message in shown),
        citations=tuple(citation(message) for message in shown),
        notes=synthetic_note(shown),
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
