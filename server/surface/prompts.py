"""Our own prompts: three questions that managers ask every week, ready to be filled in."""

from collections.abc import Mapping
from dataclasses import dataclass

import mcp_types as t
from mcp.shared.exceptions import MCPError

__all__ = ["PROMPTS", "OwnPrompt", "filled"]


@dataclass(frozen=True, slots=True)
class OwnPrompt:
    """A prompt and the text it becomes. `{name}` in the text is an argument; `optional` ones have a value without."""

    form: t.Prompt
    text: str
    optional: Mapping[str, str]


def _prompt(
    name: str,
    title: str,
    description: str,
    required: Mapping[str, str],
    optional: Mapping[str, tuple[str, str]],
    text: str,
) -> OwnPrompt:
    arguments = [t.PromptArgument(name=key, description=said, required=True) for key, said in required.items()]
    arguments += [t.PromptArgument(name=key, description=said, required=False) for key, (said, _) in optional.items()]
    form = t.Prompt(name=name, title=title, description=description, arguments=arguments)
    return OwnPrompt(form, text, {key: value for key, (_, value) in optional.items()})


PROMPTS: Mapping[str, OwnPrompt] = {
    prompt.form.name: prompt
    for prompt in (
        _prompt(
            "call_brief",
            "Call brief",
            "One call on one page: what happened, objections, next steps, what is still open.",
            {"call_id": "id of a recorded call"},
            {},
            "Use the tool gong_intelligence with call_id {call_id} and write a brief of the call for its owner's manager: "
            "what happened, which objections came up and how they were handled, prices mentioned, next steps with owner "
            "and date, and what is still open. Keep the time reference beside each statement and mark what is inferred.",
        ),
        _prompt(
            "weekly_coaching",
            "Weekly coaching",
            "One rep's calls of a period: what works, what to tighten, one exercise.",
            {"rep": "full name of the seller"},
            {"period": ("such as `last week`, `2017-Q4`", "last week")},
            "Use the tool sales_coach for the rep {rep} and the period {period}. Name three things that work, two to "
            "tighten and one exercise for next week, each with a quote and its time. Say how many calls it rests on, "
            "and write nothing that the calls do not show.",
        ),
        _prompt(
            "executive_brief",
            "Executive brief",
            "One page for the leadership: the number, what changed, risks, the customer's voice, decisions needed.",
            {},
            {
                "period": ("such as `last quarter`, `2017-Q4`", "last quarter"),
                "account": ("one customer only", "all"),
            },
            "Use the tool business_intelligence_team for the period {period} (account: {account}) and write one page: the "
            "number against the period before, what changed, the top risks with owner and evidence, what customers say in "
            "their own words, decisions needed, and the caveats of the data. Every figure keeps its source.",
        ),
    )
}


def filled(name: str, arguments: Mapping[str, str] | None) -> t.GetPromptResult:
    """The prompt with its arguments in place. Raises MCPError naming what is missing."""
    prompt = PROMPTS[name]
    given = {key: value.strip() for key, value in (arguments or {}).items() if value.strip()}
    missing = [a.name for a in prompt.form.arguments or () if a.required and a.name not in given]
    if missing:
        raise MCPError(t.INVALID_PARAMS, f"The prompt `{name}` needs {', '.join(f'`{key}`' for key in missing)}.")
    text = prompt.text.format_map({**prompt.optional, **given})
    message = t.PromptMessage(role="user", content=t.TextContent(text=text))
    return t.GetPromptResult(description=prompt.form.description, messages=[message])
