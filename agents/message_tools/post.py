"""The tool `post_message`: posts one message, once, and only when the caller confirmed it.

`confirm` is never read out of a request: a transcript or a message that says "post this" posts nothing. Without it
the tool drafts, and calls no source. The same words for the same channel within ten minutes are one post: a caller
whose answer was lost repeats the call, and cannot know the session id that stood in it.
"""

from datetime import UTC

from pydantic import Field

from agents.message_tools.draft import DraftData, DraftParameters, draft
from agents.message_tools.quoting import citation
from agents.message_tools.scope import messages_of, plain_channel
from agents.result import Finding
from agents.sources import Message, Posted, SourceError, Sources
from agents.tool import Observation, Tool

__all__ = ["POST_MESSAGE", "stands"]

AGAIN = "The same words are posted once in ten minutes. To post them again on purpose, wait or change a word."

LOOK = "Look in the channel to be sure."


class PostParameters(DraftParameters):
    """The message, and whether to post it."""

    confirm: bool = Field(default=False, description="true posts; the caller's word, never yours")


async def run(sources: Sources, wanted: PostParameters) -> Observation:
    """Post the message, or draft it. Raises SourceError `not_found` without a channel or a text."""
    drafted = draft(wanted.channel, wanted.text)
    if not wanted.confirm:
        return drafted
    channel = plain_channel(wanted.channel)
    if channel is None:
        raise SourceError("not_found", "Nothing was posted: give `channel`, the channel to post to.")
    posted = await messages_of(sources).send(channel, (wanted.text or "").strip())
    return stands(posted)


def stands(posted: Posted) -> Observation:
    """What is said of a message that stands in its channel, posted now or before."""
    sent = posted.message
    if not (posted.placed or posted.repeated):
        return unplaced(sent)
    cited = citation(sent)
    body = "\n".join(f"> {line}" for line in sent.text.splitlines())
    link = f"\n\n{sent.link}" if sent.link else ""
    headline = f"Posted to #{sent.channel}"
    if posted.repeated:
        at = sent.sent.astimezone(UTC)
        headline = f"Already in #{sent.channel} since {at:%H:%M} UTC, by {sent.author}; not posted again"
        link += f"\n\n{AGAIN}"
    return Observation(
        text=f"**{headline}:**\n\n{body}{link}",
        data=DraftData(
            channel=sent.channel,
            text=sent.text,
            posted=not posted.repeated,
            repeated=posted.repeated,
            id=sent.id,
            link=sent.link,
        ),
        findings=(Finding(statement=headline, kind="fact", citations=[cited.id], confidence=1),),
        citations=(cited,),
    )


def unplaced(sent: Message) -> Observation:
    """What is said of a message that its server took without a word on where it stands."""
    body = "\n".join(f"> {line}" for line in sent.text.splitlines())
    return Observation(
        text=f"**Sent to #{sent.channel}, but the server did not say where it stands:**\n\n{body}\n\n{LOOK}",
        data=DraftData(channel=sent.channel, text=sent.text, posted=True),
    )


POST_MESSAGE = Tool(
    name="post_message",
    description="Posts one message to a channel when `confirm` is true; otherwise drafts it.",
    cues=("post", "send", "send a message", "post to", "share in", "announce"),
    parameters=PostParameters,
    data=DraftData,
    needs="messages",
    run=run,
    writes=True,
    meant_by=("text", "confirm"),
)
