"""Every way a call can fail, in one tree, and what a client is told.

    SophiaError
    |- CallerError         the caller's doing; the same call fails again
    |  |- UnknownTool        no such name among the published tools
    |  |- InvalidArguments   an argument breaks the tool's schema; says which and why
    |  |- NotFound           what was asked for does not exist; says what is near
    |  |- NotExpressible     a call that its route cannot answer as it should, which only turned out on the way; the other can
    |  `- RolloutRefused     a step of a rollout that makes no sense where it stands; says which does
    |- NoRoute             policy leaves no route for the call; names each cause
    |  `- BudgetSpent        what a day allows is used up; `retry_after_s` says when it is free again
    |- Busy                a limit of this process is reached; `retry_after_s` says when to come back
    |  `- ServerBusy         as many calls are open to a server as it is given
    |- CircuitOpen         a route that failed too often is given a rest; `retry_after_s` says until when
    |- DeadlineExceeded    the time for the call ran out
    |  `- CallerDeadline     the time that the caller gave it, which is less than the call has
    |- SourceFailed        what an agent had to ask said no; the other route would hear the same
    |  `- NotThere           it does not have what was asked for
    |- SourceDown          what an agent had to ask is away
    |- DownstreamError     an MCP server behind us
    |  |- DownstreamDown     it is away; Sophia keeps trying to reach it
    |  |- DownstreamTimeout  it did not answer in time
    |  |- DownstreamBroke    its tool broke inside; another way to the answer may work
    |  `- DownstreamGarbage  it answered with something that is no MCP result
    |- ModelFailed         the model of an agent
    |  `- ModelDown          it may answer later: limited, unreachable, or failing for now
    `- InternalError       ourselves; details are in the log under the decision id

`message` is written for whoever made the call: what failed and what to do next. It never holds the text of a foreign
exception or server, a path or a secret; what a server said goes to the log. `delivered` says whether the call may have reached something that acts on it: only an
undelivered call, or one that changes nothing, is ever sent again.
"""

__all__ = [
    "BudgetSpent",
    "Busy",
    "CallerDeadline",
    "CallerError",
    "CircuitOpen",
    "DeadlineExceeded",
    "DownstreamBroke",
    "DownstreamDown",
    "DownstreamError",
    "DownstreamGarbage",
    "DownstreamTimeout",
    "InternalError",
    "InvalidArguments",
    "ModelDown",
    "ModelFailed",
    "NoRoute",
    "NotExpressible",
    "NotFound",
    "NotThere",
    "RolloutRefused",
    "ServerBusy",
    "SophiaError",
    "SourceDown",
    "SourceFailed",
    "UnknownTool",
]


class SophiaError(Exception):
    """The root: a failure with a message that may be shown."""

    kind = "internal"
    retryable = False

    def __init__(self, message: str, *, retry_after_s: float | None = None, delivered: bool = True) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_s = retry_after_s
        self.delivered = delivered


class CallerError(SophiaError):
    """The caller's doing."""

    kind = "caller"


class UnknownTool(CallerError):
    """No published tool has this name."""

    kind = "unknown_tool"


class InvalidArguments(CallerError):
    """An argument breaks the tool's schema."""

    kind = "invalid_arguments"


class NotFound(CallerError):
    """What was asked for does not exist."""

    kind = "not_found"


class NotExpressible(CallerError):
    """The route cannot express this call, as turned out on the way. The one failure of a caller's that the other route may mend."""

    kind = "not_expressible"


class RolloutRefused(CallerError):
    """A rollout cannot take this step from where it stands."""

    kind = "rollout_refused"


class NoRoute(SophiaError):
    """Policy, mapping and health leave no route."""

    kind = "no_route"


class BudgetSpent(NoRoute):
    """A spent budget took a route away, and there is no other."""

    kind = "budget"


class Busy(SophiaError):
    """A limit is reached."""

    kind = "busy"
    retryable = True


class ServerBusy(Busy):
    """A server has as many calls open as it is given."""

    kind = "server_busy"


class CircuitOpen(SophiaError):
    """A route is given a rest after it failed too often."""

    kind = "circuit_open"
    retryable = True


class DeadlineExceeded(SophiaError):
    """The time for the call ran out."""

    kind = "deadline"


class CallerDeadline(DeadlineExceeded):
    """The time that the caller gave the call ran out: nobody failed."""

    kind = "caller_deadline"


class SourceFailed(SophiaError):
    """A source of an agent could not answer. `said` is what it said itself: for the log, never for a client as it is."""

    kind = "source"

    def __init__(
        self, message: str, *, retry_after_s: float | None = None, delivered: bool = True, said: str = ""
    ) -> None:
        super().__init__(message, retry_after_s=retry_after_s, delivered=delivered)
        self.said = said


class NotThere(SourceFailed):
    """A source of an agent does not have what was asked for."""

    kind = "not_found"


class SourceDown(SophiaError):
    """A source of an agent is away."""

    kind = "source_down"
    retryable = True


class DownstreamError(SophiaError):
    """An MCP server behind us failed."""

    kind = "downstream"


class DownstreamDown(DownstreamError):
    """The server is away."""

    kind = "downstream_down"
    retryable = True


class DownstreamTimeout(DownstreamError):
    """The server did not answer in time."""

    kind = "downstream_timeout"


class DownstreamBroke(DownstreamError):
    """The tool that was called broke inside."""

    kind = "downstream_broke"


class DownstreamGarbage(DownstreamError):
    """The server's answer is no MCP result."""

    kind = "downstream_garbage"


class ModelFailed(SophiaError):
    """The model of an agent failed."""

    kind = "model"


class ModelDown(ModelFailed):
    """The model may answer later."""

    kind = "model_down"
    retryable = True


class InternalError(SophiaError):
    """Our own fault."""

    kind = "internal"
