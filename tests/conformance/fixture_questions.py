"""The fixture's tools that ask the client something in the middle of a call: pushed by the handshake era, returned as
`InputRequiredResult` by the modern one."""

import json
from typing import Any

import mcp_types as t
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.prompts.base import UserMessage
from mcp.shared.exceptions import MCPError

Asked = t.InputRequiredResult
ANSWERED = "Thank you, everything was answered."


def _form(message: str, **properties: dict[str, Any]) -> t.ElicitRequest:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return t.ElicitRequest(params=t.ElicitRequestFormParams(message=message, requested_schema=schema))


def _sample(text: str, most: int) -> t.CreateMessageRequest:
    said = t.SamplingMessage(role="user", content=t.TextContent(type="text", text=text))
    return t.CreateMessageRequest(params=t.CreateMessageRequestParams(messages=[said], max_tokens=most))


TEXT = {"type": "string"}
NAME = {"user_name": _form("What is your name?", name=TEXT)}
CAPITAL = {"capital_question": _sample("What is the capital of France?", 100)}
ROOTS = {"client_roots": t.ListRootsRequest()}
CONFIRM = {"confirm": _form("Please confirm", ok={"type": "boolean"})}
EVERYTHING: t.InputRequests = {**NAME, "greeting": _sample("Generate a greeting", 50), **ROOTS}
STEPS = (
    {"step1": _form("Step 1: What is your name?", name=TEXT)},
    {"step2": _form("Step 2: What is your favorite color?", color=TEXT)},
)
CONTEXT = {"user_context": _form("What context should the prompt use?", context=TEXT)}

DEFAULTS: dict[str, Any] = {
    "name": {"type": "string", "default": "John Doe"},
    "age": {"type": "integer", "default": 30},
    "score": {"type": "number", "default": 95.5},
    "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
    "verified": {"type": "boolean", "default": True},
}
TITLED = [{"const": f"value{n}", "title": f"Option {n}"} for n in (1, 2, 3)]
PLAIN = ["option1", "option2", "option3"]
ENUMS: dict[str, Any] = {
    "untitledSingle": {"type": "string", "enum": PLAIN},
    "titledSingle": {"type": "string", "oneOf": TITLED},
    "legacyEnum": {
        "type": "string",
        "enum": ["opt1", "opt2", "opt3"],
        "enumNames": ["Option 1", "Option 2", "Option 3"],
    },
    "untitledMulti": {"type": "array", "items": {"type": "string", "enum": PLAIN}},
    "titledMulti": {"type": "array", "items": {"anyOf": TITLED}},
}


async def _pushed(ctx: Context, message: str, properties: dict[str, Any]) -> str:
    schema = {"type": "object", "properties": properties}
    related = ctx.request_context.request_id
    result = await ctx.session.elicit_form(message, schema, related_request_id=related)
    return f"action={result.action}, content={json.dumps(result.content or {})}"


async def test_elicitation(message: str, ctx: Context) -> str:
    """Asks the user one thing."""
    return "User response: " + await _pushed(ctx, message, {"response": TEXT})


async def test_elicitation_sep1034_defaults(ctx: Context) -> str:
    """Asks with a default in every field."""
    return "Elicitation completed: " + await _pushed(ctx, "Please review and update the form", DEFAULTS)


async def test_elicitation_sep1330_enums(ctx: Context) -> str:
    """Asks with every kind of choice."""
    return "Elicitation completed: " + await _pushed(ctx, "Please choose", ENUMS)


async def test_sampling(prompt: str, ctx: Context) -> str:
    """Asks the client's model."""
    said = t.SamplingMessage(role="user", content=t.TextContent(type="text", text=prompt))
    related = ctx.request_context.request_id
    result = await ctx.session.create_message([said], max_tokens=100, related_request_id=related)  # pyright: ignore[reportDeprecated]
    return f"LLM response: {getattr(result.content, 'text', '')}"


def _missing(ctx: Context, questions: t.InputRequests) -> t.InputRequests:
    """The questions that the request at hand does not answer, each with an answer of its kind."""
    kinds = {
        "elicitation/create": t.ElicitResult,
        "sampling/createMessage": t.CreateMessageResult,
        "roots/list": t.ListRootsResult,
    }
    answers = ctx.input_responses or {}
    return {key: asked for key, asked in questions.items() if not isinstance(answers.get(key), kinds[asked.method])}


async def test_input_required_result_elicitation(ctx: Context) -> str | Asked:
    """Asks for a name and greets it."""
    if missing := _missing(ctx, NAME):
        return Asked(input_requests=missing)
    answer = (ctx.input_responses or {})["user_name"]
    assert isinstance(answer, t.ElicitResult)
    return f"Hello, {(answer.content or {}).get('name')}!"


async def test_input_required_result_sampling(ctx: Context) -> str | Asked:
    """Asks the client's model and repeats what it said."""
    if missing := _missing(ctx, CAPITAL):
        return Asked(input_requests=missing)
    answer = (ctx.input_responses or {})["capital_question"]
    return f"The model said: {getattr(getattr(answer, 'content', None), 'text', '')}"


async def test_input_required_result_list_roots(ctx: Context) -> str | Asked:
    """Asks for the roots and names them."""
    if missing := _missing(ctx, ROOTS):
        return Asked(input_requests=missing)
    answer = (ctx.input_responses or {})["client_roots"]
    assert isinstance(answer, t.ListRootsResult)
    return "Roots: " + ", ".join(str(root.uri) for root in answer.roots)


async def test_input_required_result_request_state(ctx: Context) -> str | Asked:
    """Asks for a confirmation and wants its state back."""
    if missing := _missing(ctx, CONFIRM):
        return Asked(input_requests=missing, request_state="asked once")
    return "state-ok" if ctx.request_state == "asked once" else "The state is another one."


async def test_input_required_result_tampered_state(ctx: Context) -> str | Asked:
    """Asks for a confirmation; a state that was changed on the way is refused before it comes here."""
    if missing := _missing(ctx, CONFIRM):
        return Asked(input_requests=missing, request_state="as I wrote it")
    return ANSWERED


async def test_input_required_result_multiple_inputs(ctx: Context) -> str | Asked:
    """Asks three things at once."""
    if missing := _missing(ctx, EVERYTHING):
        return Asked(input_requests=missing, request_state="asked three")
    return ANSWERED


async def test_input_required_result_multi_round(ctx: Context) -> str | Asked:
    """Asks two things, one after the other."""
    step = int(ctx.request_state or 0)
    if step < len(STEPS) and (step == 0 or not _missing(ctx, STEPS[step - 1])):
        return Asked(input_requests=dict(STEPS[step]), request_state=str(step + 1))
    if missing := _missing(ctx, STEPS[step - 1]):
        return Asked(input_requests=missing, request_state=str(step))
    return ANSWERED


async def test_input_required_result_capabilities(ctx: Context) -> str | Asked:
    """Asks only what the client says that it can answer."""
    able = ctx.client_capabilities or t.ClientCapabilities()
    wanted = {
        **(NAME if able.elicitation else {}),
        **(CAPITAL if able.sampling else {}),
        **(ROOTS if able.roots else {}),
    }
    if missing := _missing(ctx, wanted):
        return Asked(input_requests=missing)
    return ANSWERED


async def test_streaming_elicitation(ctx: Context) -> str | Asked:
    """Reports progress, then asks."""
    await ctx.report_progress(1, 2, "about to ask")
    if missing := _missing(ctx, NAME):
        return Asked(input_requests=missing)
    return ANSWERED


async def test_missing_capability(ctx: Context) -> str:
    """Needs a client that samples."""
    if ctx.client_capabilities is None or ctx.client_capabilities.sampling is None:
        needed = t.ClientCapabilities(sampling=t.SamplingCapability())
        data = t.MissingRequiredClientCapabilityErrorData(required_capabilities=needed)
        raise MCPError(
            t.MISSING_REQUIRED_CLIENT_CAPABILITY,
            "This tool needs a client that samples.",
            data=data.model_dump(by_alias=True, mode="json", exclude_none=True),
        )
    return "The client samples."


async def test_input_required_result_prompt(ctx: Context) -> list[UserMessage] | Asked:
    """A prompt that asks for its context."""
    if missing := _missing(ctx, CONTEXT):
        return Asked(input_requests=missing)
    return [UserMessage("This prompt has its context.")]


def add_to(server: MCPServer[Any]) -> None:
    """Publish all of them."""
    for tool in (
        test_elicitation,
        test_elicitation_sep1034_defaults,
        test_elicitation_sep1330_enums,
        test_sampling,
        test_input_required_result_elicitation,
        test_input_required_result_sampling,
        test_input_required_result_list_roots,
        test_input_required_result_request_state,
        test_input_required_result_tampered_state,
        test_input_required_result_multiple_inputs,
        test_input_required_result_multi_round,
        test_input_required_result_capabilities,
        test_streaming_elicitation,
        test_missing_capability,
    ):
        server.tool()(tool)
    server.prompt(description="A prompt that asks before it answers.")(test_input_required_result_prompt)
