"""The tool `digest_messages`: a channel, a subject or everything, over a period: decisions, open questions, who said what."""

from collections.abc import Sequence
from datetime import date, timedelta

from pydantic import Field

from agents.analysis.periods import Period
from agents.analysis.threads import Thread, decisions, open_questions, speakers, threads_of
from agents.message_tools.quoting import MessageRow, citation, fact, line, quoted, row
from agents.message_tools.scope import (
    Asked,
    MessageParameters,
    asked,
    gather,
    messages_of,
    synthetic_note,
    unread_note,
)
from agents.result import Finding, Record
from agents.sources import Message, Sources
from agents.tool import Observation, Tool

__all__ = ["DIGEST_MESSAGES", "summed_up", "usual"]

USUAL_DAYS = 7
SHOWN = 6
THREADS_SHOWN = 12
HELD = 100
BY_WORDING = 0.5


class DigestParameters(MessageParameters):
    """Of what, and when: the last seven days unless a period or a subject is given."""

    query: str | None = Field(default=None, max_length=500, description="only threads in which these words occur")


class SpeakerRow(Record):
    """Somebody and how much they wrote."""

    author: str
    messages: int


class ThreadRow(Record):
    """A message and its answers."""

    root: MessageRow
    replies: list[MessageRow]


class DigestData(Record):
    """What a stretch of messages comes down to. Decisions and questions are candidates."""

    channel: str | None
    query: str | None
    messages: int
    people: list[SpeakerRow]
    decisions: list[MessageRow]
    open_questions: list[MessageRow]
    threads: list[ThreadRow]


async def run(sources: Sources, wanted: DigestParameters) -> Observation:
    source = messages_of(sources)
    as_of = await source.as_of()
    subject = wanted.query or wanted.focus
    where = await asked(source, wanted, None if subject else usual(as_of))
    written = await gather(source, where.scope)
    threads, notes = threads_of(written), unread_note(written)
    if subject:
        found = await source.search(subject, where.scope)
        hits, notes = {message.id for message in found}, unread_note(written, found)
        threads = tuple(it for it in threads if any(message.id in hits for message in it.messages))
    return summed_up(threads, where, subject, notes)


def usual(as_of: date) -> Period:
    """The days that are summed up where nobody says which."""
    return Period.between(as_of - timedelta(days=USUAL_DAYS - 1), as_of)


def summed_up(
    threads: Sequence[Thread], where: Asked, subject: str | None, notes: tuple[str, ...] = ()
) -> Observation:
    """What the threads of a scope come down to; `notes` go before its own."""
    about = f" about “{subject}”" if subject else ""
    written = [message for thread in threads for message in thread.messages]
    decided, asking, people = decisions(threads), open_questions(threads), speakers(written)
    data = DigestData(
        channel=where.scope.channel,
        query=subject,
        messages=len(written),
        people=[SpeakerRow(author=author, messages=count) for author, count in people],
        decisions=[row(it) for it in decided[:HELD]],
        open_questions=[row(it) for it in asking[:HELD]],
        threads=[ThreadRow(root=row(it.root), replies=[row(reply) for reply in it.replies]) for it in threads[:HELD]],
    )
    if not written:
        nothing = f"**Nothing was written{about}{where.phrase}.** Try a longer period or other words."
        return Observation(nothing, data, notes=notes)
    shown = threads[:THREADS_SHOWN]
    cited = {it.id: it for it in (*decided[:SHOWN], *asking[:SHOWN], *(it.root for it in shown))}
    headline = f"Digest{about}{where.phrase}: {counted(len(written), 'message')} by {counted(len(people), 'person')}"
    parts = [
        f"**{headline}**",
        *section("Decisions (possible, by their wording)", decided),
        *section("Questions without an answer in their thread (possible)", asking),
        *said(shown, len(threads)),
        "**Who wrote:** " + ", ".join(f"{author} ({count})" for author, count in people[:THREADS_SHOWN]),
    ]
    return Observation(
        text="\n\n".join(parts),
        data=data,
        findings=(
            *candidates("Possible decision", decided),
            *candidates("Possibly open question", asking),
            *(fact(it.root) for it in shown),
        ),
        citations=tuple(citation(it) for it in cited.values()),
        notes=(*notes, *synthetic_note(tuple(written))),
    )


def counted(number: int, what: str) -> str:
    many = {"person": "people"}.get(what, f"{what}s")
    return f"{number} {what if number == 1 else many}"


def section(title: str, messages: Sequence[Message]) -> list[str]:
    if not messages:
        return []
    more = f"\n- and {len(messages) - SHOWN} more" if len(messages) > SHOWN else ""
    return [f"**{title}**\n\n" + "\n".join(line(it) for it in messages[:SHOWN]) + more]


def said(threads: Sequence[Thread], total: int) -> list[str]:
    """The threads by channel, each with its last answer."""
    parts: list[str] = []
    for channel in dict.fromkeys(it.root.channel for it in threads):
        lines = [threaded(it) for it in threads if it.root.channel == channel]
        parts.append(f"**#{channel}**\n\n" + "\n".join(lines))
    if total > len(threads):
        parts.append(f"Shown: {len(threads)} of {total} threads, the last written to first.")
    return parts


def threaded(thread: Thread) -> str:
    if not thread.replies:
        return line(thread.root)
    last = thread.replies[-1]
    return f"{line(thread.root)}\n  - {counted(len(thread.replies), 'answer')}, the last by {last.author}: {quoted(last.text)}"


def candidates(what: str, messages: Sequence[Message]) -> list[Finding]:
    return [
        Finding(
            statement=f"{what} of {it.author} in #{it.channel}: {quoted(it.text)}",
            kind="candidate",
            citations=[citation(it).id],
            confidence=BY_WORDING,
        )
        for it in messages[:SHOWN]
    ]


DIGEST_MESSAGES = Tool(
    name="digest_messages",
    description=(
        "Sums up a channel, a subject or all channels over a period: what was possibly decided, which questions stand "
        "open, who said what. The last seven days unless a period or a subject is given."
    ),
    cues=(
        "digest",
        "catch me up",
        "catch up",
        "summary of the channel",
        "summarize the channel",
        "summarize",
        "what is new",
        "what happened in",
        "being said",
        "what was decided",
        "decisions",
        "open questions",
        "unanswered",
        "recap",
    ),
    parameters=DigestParameters,
    data=DigestData,
    needs="messages",
    run=run,
)
