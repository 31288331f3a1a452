"""What a stretch of messages comes down to: its threads, the questions nobody answered, what was decided.

Pure. Questions and decisions are found by their wording, so they are candidates: a question may have been answered
elsewhere, and "agreed" may stand in a sentence that agrees to nothing. The cue list is a starter list of this project.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agents.sources import Message

__all__ = ["Thread", "decisions", "open_questions", "speakers", "threads_of"]

QUESTION = re.compile(r"\?(?=[\s)\"”']|$)")
DECISION = re.compile(
    r"\b(?:decision|decided|agreed|approved|signed off|go ahead|we do not|we will not|(?:is|are) (?:won|lost|booked|closed|fine)"
    r"|stays? at|closes on|yes (?:for|if)|yes, if|(?:has|have) signed|signed)\b",
    re.IGNORECASE,
)
QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”")


@dataclass(frozen=True, slots=True)
class Thread:
    """A message and the answers to it, oldest first; a reply whose beginning is not there begins one of its own."""

    root: Message
    replies: tuple[Message, ...]

    @property
    def messages(self) -> tuple[Message, ...]:
        return (self.root, *self.replies)


def threads_of(messages: Iterable[Message]) -> tuple[Thread, ...]:
    """The threads, the one that was last written to first."""
    grouped: dict[str, list[Message]] = {}
    for message in sorted(messages, key=lambda it: (it.sent, it.id)):
        grouped.setdefault(message.reply_to or message.id, []).append(message)
    threads = [Thread(first, tuple(replies)) for first, *replies in grouped.values()]
    return tuple(sorted(threads, key=lambda it: (it.messages[-1].sent, it.root.id), reverse=True))


def open_questions(threads: Sequence[Thread]) -> tuple[Message, ...]:
    """The messages that ask something and that nobody else wrote behind in their thread, newest first."""
    found = [
        message
        for thread in threads
        for at, message in enumerate(thread.messages)
        if asks(message.text) and all(it.author == message.author for it in thread.messages[at + 1 :])
    ]
    return newest_first(found)


def decisions(threads: Sequence[Thread]) -> tuple[Message, ...]:
    """The messages that sound like a decision and ask nothing, newest first."""
    everything = [message for thread in threads for message in thread.messages]
    return newest_first(it for it in everything if DECISION.search(QUOTED.sub(" ", it.text)) and not asks(it.text))


def speakers(messages: Iterable[Message]) -> tuple[tuple[str, int], ...]:
    """Who wrote how many messages, the most first."""
    counted = Counter(message.author for message in messages)
    return tuple(sorted(counted.items(), key=lambda it: (-it[1], it[0])))


def asks(text: str) -> bool:
    return QUESTION.search(QUOTED.sub(" ", text)) is not None


def newest_first(messages: Iterable[Message]) -> tuple[Message, ...]:
    return tuple(sorted(messages, key=lambda it: (it.sent, it.id), reverse=True))
