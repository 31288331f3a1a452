"""Leaders that do not do what they were told, as language models sometimes will."""

from collections.abc import Sequence

import pytest

from agents.models.embedded import EmbeddedModel
from agents.models.ladder import LadderModel
from agents.models.leading import Ask, Turn
from agents.outcome import Answered, Failed


def scripted(*turns: Turn) -> LadderModel:
    """A leader that says these turns, the last one again and again."""

    class Scripted(EmbeddedModel):
        said = 0

        def reply(self, messages: Sequence[object], tools: Sequence[object], run: object) -> Turn:
            turn = turns[min(self.said, len(turns) - 1)]
            self.said += 1
            return turn

    return LadderModel.of("scripted", Scripted())


def hand(member: str, text: str = "") -> Turn:
    return Turn(text, (Ask("delegate_task_to_member", {"member_id": member, "task": "do"}),))


async def test_route_to_a_member_that_does_not_exist_is_a_failure(ask):
    ask.models["leader"] = scripted(hand("sales"))
    outcome = await ask("hi", mode="route")
    assert isinstance(outcome, Failed)
    assert outcome.kind == "model"
    assert "handed the request to no member" in outcome.message


async def test_a_router_that_answers_itself_has_not_answered(ask):
    ask.models["leader"] = scripted(Turn("Revenue is 12."))
    assert isinstance(await ask("hi", mode="route"), Failed)


async def test_a_router_that_asks_two_is_held_to_the_first(ask):
    both = Turn("", (*hand("deals").asks, *hand("coach").asks))
    ask.models["leader"] = scripted(both)
    outcome = await ask("Give me an overview", mode="route")
    assert [share.id for share in outcome.members] == ["deals"]
    assert list(outcome.data) == ["deals"]
    assert outcome.answer.startswith("Deal Desk")
    assert "The leader also asked Sales Coach; only the first answers." in outcome.notes


async def test_members_get_the_callers_arguments_whatever_the_leader_writes(ask):
    ask.models["leader"] = scripted(hand("coach"), Turn("Done."))
    outcome = await ask("hi", mode="coordinate", rep="Ann")
    assert outcome.data["coach"] == {"coaching": [{"member": "coach", "rep": "Ann"}]}


async def test_what_a_leader_invents_is_removed(ask):
    ask.models["leader"] = scripted(hand("coach"), Turn("Ann is fine. Revenue rose by 47 percent."))
    outcome = await ask("hi", mode="coordinate", rep="Ann")
    assert outcome.answer == "Ann is fine."
    assert outcome.dropped_sentences == 1


async def test_a_leader_that_asks_nobody_gives_a_partial_answer_without_figures(ask):
    ask.models["leader"] = scripted(Turn("All is well. Revenue is 12."))
    outcome = await ask("hi", mode="coordinate")
    assert isinstance(outcome, Answered)
    assert outcome.partial
    assert "12" not in outcome.answer
    assert "The leader asked no member, so this answer rests on no source." in outcome.notes


@pytest.mark.parametrize("mode", ["coordinate", "broadcast", "tasks"])
async def test_a_leader_that_never_ends_is_stopped(ask, mode):
    tool = {"coordinate": "delegate_task_to_member", "broadcast": "delegate_task_to_members", "tasks": "list_tasks"}
    arguments = {"coordinate": {"member_id": "coach", "task": "again"}, "broadcast": {"task": "again"}, "tasks": {}}
    ask.models["leader"] = scripted(Turn("", (Ask(tool[mode], arguments[mode]),)))
    outcome = await ask("hi", mode=mode)
    assert isinstance(outcome, Failed)
    assert outcome.kind == "limit"
