"""The tool `draft_message`: a message as it would be posted, and nothing posted."""

from pydantic import BaseModel, ConfigDict, Field

from agents.message_tools.scope import plain_channel
from agents.result import Record
from agents.sources import SourceError, Sources
from agents.tool import Observation, Tool

__all__ = ["DRAFT_MESSAGE", "DraftData", "DraftParameters", "draft"]


class DraftParameters(BaseModel):
    """The message."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channel: str | None = Field(default=None, max_length=80, description="where it would be posted")
    text: str | None = Field(default=None, max_length=4000, description="the message, word for word")


class DraftData(Record):
    """A message that was not posted, or was; `repeated` where it stood there before this call."""

    channel: str | None
    text: str
    posted: bool = False
    repeated: bool = False
    id: str | None = None
    link: str | None = None


def draft(channel: str | None, text: str | None) -> Observation:
    """The message as it would be posted. Raises SourceError `not_found` without a text."""
    if not (text or "").strip():
        raise SourceError("not_found", "There is no message to draft. Give `text`, the message word for word.")
    where = plain_channel(channel)
    said = (text or "").strip()
    target = f"for #{where}" if where else "without a channel yet; give `channel`"
    body = "\n".join(f"> {line}" for line in said.splitlines())
    return Observation(
        text=f"**Draft {target}, not posted:**\n\n{body}\n\nTo post it, call again with the same `channel` and `text` and `confirm: true`\n(in a terminal: `--arg confirm=true`).",
        data=DraftData(channel=where, text=said),
    )


async def run(_: Sources, wanted: DraftParameters) -> Observation:
    return draft(wanted.channel, wanted.text)


DRAFT_MESSAGE = Tool(
    name="draft_message",
    description="Shows a message as it would be posted. Posts nothing.",
    cues=("draft", "write a message", "prepare a message", "compose", "announcement"),
    parameters=DraftParameters,
    data=DraftData,
    needs="messages",
    run=run,
    meant_by=("text",),
)
