"""What a run of a team promises, whichever way it works, driven by the embedded model over fake sources."""

import asyncio
import itertools

import pytest

from agents.build import ForeignTool
from agents.models.ladder import LadderModel, Models
from agents.outcome import Answered, Failed, Limits
from agents.sources import SourceError

ALL = ["coach", "calls", "deals"]
TOGETHER = ["coordinate", "broadcast", "collaborate", "tasks"]
AWAY = SourceError("unavailable", "HubSpot is away. Try again in a minute.")


async def test_route_lets_one_member_answer_and_says_why(ask):
    outcome = await ask("What does the pipeline look like?", mode="route", account="Acme")
    assert isinstance(outcome, Answered), outcome
    assert outcome.answer.startswith("Deal Desk looked at")
    (share,) = outcome.members
    assert (share.id, share.status, share.findings) == ("deals", "answered", 2)
    assert share.reason == "the request speaks of 'pipeline'"
    assert outcome.data == {"deals": {"pipeline": [{"member": "deals", "rep": None}]}}
    assert ask.source.asked == ["deals"]


async def test_route_follows_the_intent_to_the_member_that_has_the_tool(ask):
    outcome = await ask("Tell me about it", mode="route", intent="objections")
    assert [share.id for share in outcome.members] == ["calls"]
    assert "only it has `objections`" in outcome.members[0].reason


async def test_route_hands_a_question_about_a_rep_to_the_coach(ask):
    outcome = await ask("How is Ann doing?", mode="route", rep="Ann")
    assert [share.id for share in outcome.members] == ["coach"]
    assert outcome.data["coach"] == {"coaching": [{"member": "coach", "rep": "Ann"}]}


async def test_route_fails_with_its_member(ask):
    ask.source.break_with["deals"] = AWAY
    outcome = await ask("What does the pipeline look like?", mode="route")
    assert isinstance(outcome, Failed)
    assert (outcome.kind, outcome.message) == ("source_down", f"Deal Desk was chosen and failed: {AWAY.message}")
    assert [share.status for share in outcome.members] == ["failed"]


async def test_coordinate_asks_every_member(ask):
    outcome = await ask("Which objections hit our pipeline?")
    assert [share.id for share in outcome.members] == ["coach", "calls", "deals"]


@pytest.mark.parametrize("mode", TOGETHER)
async def test_together_every_member_is_credited_in_the_order_of_the_team(ask, mode):
    outcome = await ask("Give me an overview", mode=mode, rep="Ann")
    assert isinstance(outcome, Answered), outcome
    assert [share.id for share in outcome.members] == ALL
    assert list(outcome.data) == ALL
    places = [outcome.answer.index(f"## {title}") for title in ("Sales Coach", "Call Reader", "Deal Desk")]
    assert places == sorted(places)
    assert outcome.answer.count("Synthetic.") == 1
    assert outcome.notes == ("Synthetic.",)
    assert sorted(ask.source.asked) == sorted(ALL)  # a second round asks no source again
    assert not outcome.partial
    assert outcome.dropped_sentences == 0


@pytest.mark.parametrize("mode", TOGETHER)
async def test_together_a_member_that_fails_makes_the_answer_partial_and_is_named(ask, mode):
    ask.source.break_with["deals"] = AWAY
    outcome = await ask("Give me an overview", mode=mode)
    assert isinstance(outcome, Answered), outcome
    assert outcome.partial
    assert f"Deal Desk could not answer: {AWAY.message}" in outcome.notes
    assert [share.status for share in outcome.members] == ["answered", "answered", "failed"]
    assert outcome.members[2].reason == AWAY.message


@pytest.mark.parametrize("mode", TOGETHER)
async def test_together_the_team_fails_only_when_all_members_fail(ask, mode):
    ask.source.break_with = dict.fromkeys(ALL, AWAY)
    outcome = await ask("Give me an overview", mode=mode)
    assert isinstance(outcome, Failed)
    assert outcome.kind == "source_down"
    assert "Sales Coach: HubSpot is away." in outcome.message
    assert len(outcome.members) == 3


@pytest.mark.parametrize("mode", TOGETHER)
async def test_what_a_members_tool_raises_reaches_nobody(ask, mode):
    ask.source.break_with["deals"] = RuntimeError("sk-secret")
    outcome = await ask("Give me an overview", mode=mode)
    assert isinstance(outcome, Answered)
    assert "sk-secret" not in repr(outcome)


@pytest.mark.parametrize("mode", [*TOGETHER, "route"])
async def test_what_a_members_model_raises_reaches_nobody(ask, mode):
    ask.models["deals"] = raising(RuntimeError("sk-secret"))
    outcome = await ask("An overview of the pipeline, the pipeline", mode=mode)
    assert "sk-secret" not in repr(outcome)
    if mode == "route":
        assert isinstance(outcome, Failed)
        assert outcome.kind == "model"
    else:
        assert isinstance(outcome, Answered)
        assert outcome.partial


@pytest.mark.parametrize("mode", [*TOGETHER, "route"])
async def test_a_leader_without_a_working_model_fails_the_team(ask, mode):
    ask.models["leader"] = raising(RuntimeError("sk-secret"))
    outcome = await ask("Give me an overview", mode=mode)
    assert isinstance(outcome, Failed)
    assert outcome.kind == "model"
    assert "sk-secret" not in repr(outcome)


@pytest.mark.parametrize("mode", TOGETHER)
async def test_the_order_in_which_members_finish_changes_nothing(ask, canonical, mode):
    answers = set()
    for order in itertools.permutations(ALL):
        turns = {name: asyncio.Event() for name in ALL}

        async def wait(name: str, turns=turns, order=order) -> None:
            place = order.index(name)
            if place:
                await turns[order[place - 1]].wait()
            turns[name].set()

        ask.source.wait = wait
        answers.add(canonical(await ask("Give me an overview", mode=mode, rep="Ann")))
    assert len(answers) == 1


async def test_members_of_a_coordinated_team_work_at_the_same_time(ask):
    together = asyncio.Barrier(3)
    ask.source.wait = lambda _: together.wait()
    outcome = await asyncio.wait_for(ask("Give me an overview"), timeout=5)
    assert len(outcome.members) == 3


async def test_an_unknown_way_of_working_is_rejected(ask):
    with pytest.raises(ValueError, match="'vote' is no way of working"):
        await ask("hi", mode="vote")


async def test_the_limit_on_model_calls_covers_the_members(ask):
    outcome = await ask("Give me an overview", limits=Limits(5_000, 4))
    assert isinstance(outcome, Failed)
    assert outcome.kind == "limit"


async def test_a_member_that_hangs_is_cut_with_the_team(ask, never):
    ask.source.wait = lambda _: never.wait()
    outcome = await asyncio.wait_for(ask("Give me an overview", limits=Limits(100, 32)), timeout=5)
    assert isinstance(outcome, Failed)
    assert outcome.kind == "deadline"


@pytest.mark.parametrize("mode", ["route", "coordinate", "collaborate"])
async def test_fifty_teams_at_once_do_not_mix(ask, mode):
    outcomes = await asyncio.gather(*(ask(f"coaching {n}", mode=mode, rep=f"Rep{n}") for n in range(50)))
    for n, outcome in enumerate(outcomes):
        assert isinstance(outcome, Answered)
        assert outcome.data["coach"] == {"coaching": [{"member": "coach", "rep": f"Rep{n}"}]}
        assert f"Rep{n}." in outcome.answer


async def test_a_tool_of_another_server_is_lent_to_one_member(ask):
    async def call(_):
        return "rain"

    tool = ForeignTool("forecast", "Tells the weather forecast.", {"type": "object"}, call, read_only=True)
    outcome = await ask("What is the weather forecast?", mode="route", intent="forecast", foreign={"deals": [tool]})
    assert outcome.data == {"deals": {"forecast": ["rain"]}}


async def test_a_team_changes_nothing(ask):
    posted = []

    async def post(_):
        posted.append(1)
        return "done"

    tool = ForeignTool("post", "Posts a message.", {"type": "object"}, post, read_only=False)
    outcome = await ask("Post a message", mode="route", intent="post", foreign={"deals": [tool]})
    assert posted == []
    assert not outcome.wrote


async def test_the_members_models_are_their_own(ask):
    ask.models["leader"] = LadderModel.of("other", Models().resolve("embedded").agno)
    assert (await ask("Give me an overview")).model == "other"
    assert (await ask("What does the pipeline look like?", mode="route")).model == "embedded"


def raising(error: Exception) -> LadderModel:
    from agents.models.embedded import EmbeddedModel

    class Raising(EmbeddedModel):
        async def ainvoke(self, *_, **__):
            raise error

    return LadderModel.of("raising", Raising())
