"""Messages as evidence: the row, the citation, and the line of an answer. What people wrote is only ever quoted."""

from agents.result import Finding, MessageCitation, Record
from agents.sources import Message

__all__ = ["MessageRow", "citation", "fact", "line", "quoted", "reference", "row"]

QUOTE_CHARS = 240


class MessageRow(Record):
    """One message, whole."""

    id: str
    channel: str
    author: str
    sent: str
    text: str
    link: str | None
    reply_to: str | None
    synthetic: bool


def row(message: Message) -> MessageRow:
    return MessageRow(
        id=message.id,
        channel=message.channel,
        author=message.author,
        sent=message.sent.isoformat(),
        text=message.text,
        link=message.link,
        reply_to=message.reply_to,
        synthetic=message.synthetic,
    )


def citation(message: Message) -> MessageCitation:
    return MessageCitation(
        id=f"message:{message.id}",
        channel=message.channel,
        author=message.author,
        link=message.link,
        quote=message.text,
    )


def fact(message: Message) -> Finding:
    """That somebody wrote something."""
    return Finding(
        statement=f"{message.author} wrote in #{message.channel}: {quoted(message.text)}",
        kind="fact",
        citations=[citation(message).id],
        confidence=1,
    )


def reference(message: Message) -> str:
    """Channel, author and day; a link where there is something behind it."""
    said = f"[#{message.channel}, {message.author}, {message.sent.date().isoformat()}]"
    return f"{said}({message.link})" if message.link and not message.synthetic else said


def line(message: Message) -> str:
    """A message as a line of an answer."""
    return f"- {reference(message)} {quoted(message.text)}"


def quoted(text: str) -> str:
    """A message between quotation marks, on one line, cut at a word where it is long."""
    flat = " ".join(text.split())
    return f"“{flat}”" if len(flat) <= QUOTE_CHARS else f"“{flat[:QUOTE_CHARS].rsplit(' ', 1)[0]} …”"
