"""The typed result that every agent and every team answers with.

`data`, `findings` and `citations` come from tool results and never pass through a model; `answer` is prose.
Ids of citations are made from what they cite, so that results of several tools or members can be put together.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

__all__ = ["AgentResult", "Cell", "Citation", "Dropped", "Finding", "MemberShare", "ServedBy", "TimingMs"]

Classification = Literal["public", "internal", "confidential"]


Cell = str | int | float | bool | None
"""A value of a row or of a query's parameters."""


class Record(BaseModel):
    """A closed, immutable record."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CallCitation(Record):
    """A sentence of a call, verbatim: by its times, or by its place where the transcript has no times.

    Of a call that only a written summary is known of, it is a sentence of the summary, and `speaker` says so.
    """

    kind: Literal["call"] = "call"
    id: str = Field(description="call:{call_id}@{start_ms}, or call:{call_id}#{sentence}")
    call_id: str
    call_title: str
    start_ms: int | None = Field(description="null where the transcript has no times")
    end_ms: int | None
    sentence: int | None = Field(
        default=None, description="place in the transcript, counted from 1, where there are no times"
    )
    speaker: str
    quote: str


class QueryCitation(Record):
    """A query and the number of rows it gave."""

    kind: Literal["query"] = "query"
    id: str = Field(description="query:{digest of the SQL}")
    sql: str
    parameters: dict[str, Cell] = Field(default_factory=dict)
    rows: int


class MessageCitation(Record):
    """A message of a channel, verbatim."""

    kind: Literal["message"] = "message"
    id: str = Field(description="message:{id}")
    channel: str
    author: str
    link: str | None = None
    quote: str


Citation = Annotated[CallCitation | QueryCitation | MessageCitation, Field(discriminator="kind")]


class Finding(Record):
    """One thing found out. What was inferred rather than read or computed is a `candidate`."""

    statement: str
    kind: Literal["fact", "metric", "candidate"]
    citations: list[str] = Field(description="ids of citations in the same result")
    confidence: float = Field(ge=0, le=1)


class MemberShare(Record):
    """What one member gave to a team's answer."""

    id: str
    status: Literal["answered", "failed"]
    reason: str | None = Field(default=None, description="why it was chosen, or why it failed")
    findings: int = 0


class ServedBy(Record):
    """Who produced the answer."""

    route: Literal["agno", "downstream"]
    agent: str
    members: list[MemberShare] = Field(default_factory=list[MemberShare])
    model: str | None = Field(description="provider:id, `embedded` for the rule-based one, null for none")
    decision_id: str
    fallback_reason: str | None = None


class TimingMs(Record):
    """Where the time went, in milliseconds."""

    total: float
    bridge: float
    model: float
    downstream: float


class Dropped(Record):
    """What the model or a tool said and the evidence does not carry."""

    findings: int = 0
    sentences: int = 0


class AgentResult(Record):
    """The structured content of every agent's and every team's tool result."""

    answer: str = Field(description="markdown, complete without the other fields")
    findings: list[Finding]
    citations: list[Citation]
    data: dict[str, JsonValue]
    notes: list[str] = Field(description="caveats: missing data, normalisations, what was assumed")
    partial: bool = Field(description="something asked for is missing; `notes` says what")
    dropped: Dropped
    served_by: ServedBy
    timing_ms: TimingMs
    classification: Classification
    as_of: str | None = Field(description="ISO date that relative periods count back from")
    session_id: str
    run_id: str
