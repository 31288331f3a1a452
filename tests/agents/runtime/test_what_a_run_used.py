"""What the models of a run used is told when it ends, however it ends."""

import asyncio
from dataclasses import replace

from agents.models.spent import Spent, Used
from agents.outcome import Answered, Failed, Limits
from agents.run import run_agent
from tests.agents.runtime.scripted_provider import chat, steps


async def spent_on(ask, limits: Limits | None = None) -> tuple[Answered | Failed, Spent]:
    told: list[Spent] = []
    job = replace(ask.job("Which objections?", limits=limits, call_id="c1"), on_spent=told.append)
    outcome = await run_agent(ask.spec, job, model=ask.model, sources=ask.sources)
    assert len(told) == 1, "a run tells once what it used"
    return outcome, told[0]


async def test_tokens_are_those_that_the_provider_reported_over_all_calls(ask_llm, provider):
    provider.script = steps(chat(calls=[("objections", {"call_id": "c1"})]), chat("There are 3 objections in c1."))
    outcome, spent = await spent_on(ask_llm)
    assert isinstance(outcome, Answered)
    assert spent.by_model == {"openai-chat:m": Used(calls=2, input_tokens=2, output_tokens=2)}
    assert (spent.model_calls, spent.input_tokens, spent.output_tokens) == (2, 2, 2)
    assert spent.first_token_ms is not None
    assert spent.first_token_ms > 0


async def test_the_embedded_model_has_calls_and_neither_tokens_nor_cost(ask):
    _, spent = await spent_on(ask)
    assert spent.by_model == {"embedded": Used(calls=2)}
    assert (spent.input_tokens, spent.output_tokens, spent.first_token_ms) == (None, None, None)


async def test_a_run_that_was_stopped_at_its_limit_has_been_paid_for(ask_llm, provider):
    provider.script = lambda n, _: chat(calls=[("objections", {"call_id": f"c{n}"})])
    outcome, spent = await spent_on(ask_llm, Limits(10_000, 3))
    assert isinstance(outcome, Failed)
    assert spent.by_model == {"openai-chat:m": Used(calls=3, input_tokens=3, output_tokens=3)}


async def test_a_run_that_was_cut_tells_the_calls_it_made(ask_llm, provider):
    provider.hang = asyncio.Event()
    outcome, spent = await spent_on(ask_llm, Limits(150, 8))
    assert isinstance(outcome, Failed)
    assert spent.by_model == {"openai-chat:m": Used(calls=1)}
