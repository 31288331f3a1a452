"""What agents and teams on a provider's model remember, and what they may look up while they answer."""

import json
from dataclasses import replace

from agents.memory import Memory, Shelf, Turn
from agents.run import run_agent
from agents.sources import Excerpt
from teams.run import run_team
from teams.spec import TeamSpec
from tests.agents.runtime.scripted_provider import Body, chat, steps


def said(body: Body) -> str:
    """Everything the model was shown."""
    return json.dumps(body["messages"])


async def test_a_session_is_continued_by_a_fresh_instance_and_no_other_session_sees_it(ask_llm, provider):
    ann, ben = (Memory(name, Shelf()) for name in ("ann", "ben"))
    provider.script = steps(chat("All quiet in the north."))
    ask_llm.memory = ann
    await ask_llm("How is the north?")
    await ask_llm("And the south?")
    assert "How is the north?" in said(provider.bodies[-1])
    assert "All quiet in the north." in said(provider.bodies[-1])
    ask_llm.memory = ben
    await ask_llm("And the west?")
    assert "north" not in said(provider.bodies[-1])
    ask_llm.memory = None
    await ask_llm("And the east?")
    assert "north" not in said(provider.bodies[-1])


async def test_what_a_user_asked_to_be_remembered_is_known_in_their_next_session_only(ask_llm, provider):
    about_ann = Shelf()
    provider.script = steps(
        chat(calls=[("update_user_memory", {"task": "Ann prefers short answers."})]),
        chat(calls=[("add_memory", {"memory": "Prefers short answers.", "topics": ["style"]})]),
        chat("Noted."),
        chat("Noted."),
        chat("Hello."),
    )
    ask_llm.memory = Memory("ann", about_ann)
    await ask_llm("Remember that I prefer short answers.")
    ask_llm.memory = Memory("ann", about_ann)
    await ask_llm("Good morning.")
    assert "Prefers short answers." in said(provider.bodies[-1])
    ask_llm.memory = Memory("ben", Shelf())
    await ask_llm("Good morning.")
    assert "short answers" not in said(provider.bodies[-1])


async def test_a_figure_of_an_earlier_answer_may_be_said_again(ask_llm, provider):
    provider.script = steps(chat("As I said, there are 3 objections in c1."))
    ask_llm.memory = Memory("ann", Shelf())
    ask_llm.memory.turns.append(Turn("objections in c1?", {"call_id": "c1"}, None, "There are 3 objections in c1."))
    outcome = await ask_llm("How many was that?")
    assert "3 objections" in outcome.answer
    ask_llm.memory = None
    assert "3 objections" not in (await ask_llm("How many was that?")).answer


async def test_members_of_a_team_see_what_their_team_was_told_before(ask_llm, provider):
    team = TeamSpec(
        id="desk",
        title="Desk",
        description="Answers about calls.",
        mode="coordinate",
        members=(ask_llm.spec,),
        instructions=(),
        arguments=ask_llm.spec.arguments,
    )
    hand_over = chat(calls=[("delegate_task_to_member", {"member_id": "analyst", "task": "Look again."})])
    provider.script = steps(chat("The north is quiet."), hand_over, chat("Still quiet."), chat("Quiet."))
    remembered = Memory("ann", Shelf())
    for request in ("How is the north?", "And now?"):
        await run_team(
            team,
            replace(ask_llm.job(request), run_id=request, memory=remembered),
            leader_model=ask_llm.model,
            member_models=lambda _: ask_llm.model,
            sources=ask_llm.sources,
        )
    leader, member = provider.bodies[1], provider.bodies[2]
    assert "The north is quiet." in said(leader)
    assert "Look again." in said(member)
    assert "The north is quiet." in said(member)


async def test_a_model_asks_the_documents_and_its_answer_may_rest_on_them(ask_llm, provider):
    class Shelf:
        async def search(self, query: str) -> list[Excerpt]:
            return [Excerpt("Price list", f"On {query}: the floor is 4,371 dollars.", "doc://prices")]

    ask_llm.sources = replace(ask_llm.sources, documents=Shelf())
    provider.script = steps(chat(calls=[("search_knowledge_base", {"query": "floor"})]), chat("The floor is $4,371."))
    outcome = await run_agent(
        ask_llm.spec, ask_llm.job("What is our floor?"), model=ask_llm.model, sources=ask_llm.sources, knows=True
    )
    assert "On floor: the floor is 4,371 dollars." in provider.tool_replies[0]
    assert outcome.answer == "The floor is $4,371."
    await run_agent(ask_llm.spec, ask_llm.job("And now?"), model=ask_llm.model, sources=ask_llm.sources)
    assert "search_knowledge_base" not in json.dumps(provider.bodies[-1]["tools"])
