"""Completions for our own prompts and resource templates: call ids, accounts, reps, agents, teams.

Answered from what the call library knows already; a half-typed word is no reason to ask a server.
"""

from collections.abc import Mapping, Sequence

import mcp_types as t

from agents.sources import Names
from server.surface.own import OwnTool

__all__ = ["complete"]

MOST = 100
PERIODS = ("this week", "last week", "this month", "last month", "this quarter", "last quarter", "this year", "all")


def complete(
    ref: t.PromptReference | t.ResourceTemplateReference,
    argument: t.CompletionArgument,
    names: Names,
    tools: Mapping[str, OwnTool],
) -> t.CompleteResult:
    """The values that fit what was typed: those that begin with it, then those that hold it."""
    typed = argument.value.casefold()
    values = _values(ref, argument.name, names, tools)
    begins = [value for value in values if value.casefold().startswith(typed)]
    holds = [value for value in values if typed in value.casefold() and value not in begins]
    found = [*begins, *holds]
    completion = t.Completion(values=found[:MOST], total=len(found), has_more=len(found) > MOST)
    return t.CompleteResult(completion=completion)


def _values(
    ref: t.PromptReference | t.ResourceTemplateReference, argument: str, names: Names, tools: Mapping[str, OwnTool]
) -> Sequence[str]:
    if isinstance(ref, t.ResourceTemplateReference):
        kind = {"sophia://agents/{id}": "agent", "sophia://teams/{id}": "team"}.get(ref.uri)
        return [tool.spec.id for tool in tools.values() if tool.kind == kind]
    known: Mapping[str, Sequence[str]] = {
        "call_id": names.call_ids,
        "account": names.accounts,
        "rep": names.reps,
        "period": PERIODS,
    }
    return known.get(argument, ())
