"""The operators' tools as clients see them."""

from typing import Any

import mcp_types as t

__all__ = ["FORMS", "OPERATOR_TOOLS"]


def _object(properties: dict[str, Any], *required: str, closed: bool = True) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        **({"additionalProperties": False} if closed else {}),
    }


def _text(said: str, longest: int = 500) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": longest, "description": said}


PERCENT: dict[str, Any] = {"type": "integer", "minimum": 0, "maximum": 100}
TOOL = _text("Published name of a tool, as in `tools/list`.", 100)
WHY = _text("The reason; it is kept in the history.")
CONFIRM = _text("The token that the same call gave before, to have it done.", 100)
LINES: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
CHANGED = _object(
    {
        "status": {"type": "string", "enum": ["done", "confirm", "declined", "unchanged"]},
        "said": {"type": "string"},
        "version": {"type": "integer", "description": "The version of the policy that holds now."},
        "difference": {**LINES, "description": "What was changed, or would be."},
        "means": {**LINES, "description": "What that means for callers."},
        "confirm": {"type": ["string", "null"], "description": "Repeat the call with this token to have it done."},
        "expires_in_s": {"type": ["integer", "null"]},
    },
    "status",
    "said",
    "version",
    "difference",
)
STATUS = _object(
    {
        "version": {"type": "integer"},
        "rollouts": {"type": "array", "items": {"type": "object"}},
        "policy": {"type": "object"},
        "guards": {},
        "servers": {"type": "object"},
        "figures": {"type": "object"},
    },
    "version",
    "rollouts",
    "policy",
    "guards",
    "figures",
    closed=False,
)
EXPLAINED = _object(
    {
        "tool": {"type": "string"},
        "route": {"type": ["string", "null"]},
        "policy_version": {"type": "integer"},
        "rules": {"type": "array", "items": {"type": "object"}},
        "criteria": {"type": "array", "items": {"type": "object"}},
        "read": {"type": "object"},
    },
    "tool",
    "route",
    "policy_version",
    "rules",
    closed=False,
)
LOOKS = t.ToolAnnotations(read_only_hint=True, open_world_hint=False)
CHANGES = t.ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=False)
ASKS = " A change is confirmed by you, or with the token that the first call answers with."

FORMS = (
    t.Tool(
        name="bridge_status",
        title="Bridge status",
        description="How the bridge stands: policy version, every rollout with what its arms measured and what its gates "
        "say, which routes are given a rest, servers, and what was measured of each tool and route.",
        input_schema=_object({}),
        output_schema=STATUS,
        annotations=LOOKS,
    ),
    t.Tool(
        name="bridge_explain",
        title="Explain a decision",
        description="Which route a call would take and why, without running it: each rule, and each criterion of the "
        "score, whether it counts or what it would need.",
        input_schema=_object(
            {"tool": TOOL, "arguments": {"type": "object", "description": "The arguments of the call."}}, "tool"
        ),
        output_schema=EXPLAINED,
        annotations=LOOKS,
    ),
    t.Tool(
        name="bridge_rollout",
        title="Move a rollout",
        description="Move a tool to its agent share by share: start, advance, hold, resume, from the next call of every "
        "process on; or abort: the tool has no rollout any more, and what decided before it decides again." + ASKS,
        input_schema=_object(
            {
                "step": {"type": "string", "enum": ["start", "advance", "hold", "resume", "abort"]},
                "tool": TOOL,
                "to": {**PERCENT, "description": "This share instead of the next stage."},
                "why": WHY,
                "accept_insufficient": {
                    "type": "boolean",
                    "description": "Go on although a gate is open or a stage is skipped; needs `why`.",
                },
                "automatic": {"type": "boolean", "description": "On start: go on by itself when the gates pass."},
                "confirm": CONFIRM,
            },
            "step",
            "tool",
        ),
        output_schema=CHANGED,
        annotations=CHANGES,
    ),
    t.Tool(
        name="bridge_rollback",
        title="Roll back",
        description="Take the agent out of one tool, or of all, from the next call on: what only the agent can answer is "
        "refused then. Or bring back what held in an earlier version of the policy." + ASKS,
        input_schema=_object(
            {
                "tool": TOOL,
                "all": {"type": "boolean", "description": "Every tool that another route can serve."},
                "to_version": {
                    "type": "integer",
                    "minimum": 0,
                    "maximum": 2**53 - 1,
                    "description": "Bring back what held in this version.",
                },
                "why": WHY,
                "accept_insufficient": {
                    "type": "boolean",
                    "description": "With `to_version`: bring a greater share back than the next stage; needs `why`.",
                },
                "confirm": CONFIRM,
            }
        ),
        output_schema=CHANGED,
        annotations=CHANGES,
    ),
)
OPERATOR_TOOLS = {form.name: form for form in FORMS}
