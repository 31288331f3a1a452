"""`rate_answer`: what a person thought of an answer, kept with the decision that the answer came from.

`sophia ab report` reads it as `user_satisfaction`. Whoever got an answer may rate it, and nobody else: the caller has to
be the unit that the decision was counted under, by the connection or by the `session_id` of the call. Somebody else's
decision is answered like one that does not exist. Only answers of our own tools have a unit; a server's own tool has one
route, and nothing to compare. A rating is acknowledged once it is in the store.
"""

from dataclasses import dataclass
from time import time
from typing import Any

import mcp_types as t
from anyio import to_thread
from mcp.server.context import ServerRequestContext

from server.bridge.arm_evidence import unit_bucket
from server.bridge.decision_log import DecisionLog
from server.errors import InternalError, NotFound, SophiaError
from server.state.database import StoreError
from server.state.decisions import DecisionRecord
from server.state.ratings import Ratings
from server.surface.answers import failed
from server.surface.own import MAX_SESSION_ID
from server.surface.schemas import Validators
from server.surface.units import Units

__all__ = ["RATE_ANSWER", "RateAnswer"]

WORST, BEST = 1, 5
RATE_ANSWER = t.Tool(
    name="rate_answer",
    title="Rate an answer",
    description="Keep how good the user found an answer of an agent or a team, so that agents and the tools they stand "
    "beside can be compared. Call it when the user says how good or bad an answer was, or gives it a score; never on "
    "your own judgement. Rating the same answer again replaces the rating.",
    input_schema={
        "type": "object",
        "properties": {
            "decision_id": {
                "type": "string",
                "minLength": 1,
                "maxLength": 64,
                "description": "`served_by.decision_id` of the answer; in its text it stands after “decision”.",
            },
            "score": {
                "type": "integer",
                "minimum": WORST,
                "maximum": BEST,
                "description": "What the user thought of it: 1 useless, 2 poor, 3 fair, 4 good, 5 excellent.",
            },
            "session_id": {
                "type": "string",
                "minLength": 1,
                "maxLength": MAX_SESSION_ID,
                "description": "The `session_id` that the answered call was given, if it was given one.",
            },
        },
        "required": ["decision_id", "score"],
        "additionalProperties": False,
    },
    output_schema={
        "type": "object",
        "properties": {
            "decision_id": {"type": "string"},
            "tool": {"type": "string", "description": "Whose answer it was."},
            "score": {"type": "integer"},
        },
        "required": ["decision_id", "tool", "score"],
        "additionalProperties": False,
    },
    annotations=t.ToolAnnotations(
        title="Rate an answer",
        read_only_hint=False,
        destructive_hint=False,
        idempotent_hint=True,
        open_world_hint=False,
    ),
)
NOT_YOURS = (
    "There is no answer of yours with this `decision_id`. Take `served_by.decision_id` of an answer that an agent or a "
    "team gave on this connection, and the `session_id` of its call if it was given one. Answers are kept for a time only."
)
NOT_KEPT = "The rating was not kept: the state store cannot be used now. Call again later; `sophia doctor` says why."


@dataclass(frozen=True, slots=True)
class RateAnswer:
    """Serves it."""

    log: DecisionLog
    ratings: Ratings
    units: Units
    validators: Validators

    async def call(self, ctx: ServerRequestContext[Any, Any], params: t.CallToolRequestParams) -> t.CallToolResult:
        """The result of a call; every failure is an error result."""
        arguments = {name: value for name, value in (params.arguments or {}).items() if value is not None}
        try:
            self.validators.check(RATE_ANSWER.name, RATE_ANSWER.input_schema, arguments, ours=True)
            # JSON Schema takes 4.0 for an integer.
            decision_id, score = str(arguments["decision_id"]), int(arguments["score"])
            record = await self._rated(ctx, decision_id, arguments.get("session_id"))
            # Pseudonymous, like everything that is kept of callers.
            unit = str(record.content["unit"])
            await to_thread.run_sync(self.ratings.add, decision_id, unit, float(score), time())
        except SophiaError as error:
            return failed(error, {})
        except StoreError:
            return failed(InternalError(NOT_KEPT), {})
        said = f"Kept: {score} of {BEST} for this answer of `{record.tool}`."
        kept = {"decision_id": decision_id, "tool": record.tool, "score": score}
        return t.CallToolResult(content=[t.TextContent(text=said)], structured_content=kept)

    async def _rated(
        self, ctx: ServerRequestContext[Any, Any], decision_id: str, session_id: str | None
    ) -> DecisionRecord:
        """The decision, if it is one of this caller's. Raises NotFound, StoreError."""
        record = await self.log.find(decision_id)
        if record is not None:
            units = self.units.of_then(ctx, session_id, record.at)
            if record.content.get("unit") in {unit_bucket(unit) for unit in units}:
                return record
        raise NotFound(NOT_YOURS, delivered=False)
