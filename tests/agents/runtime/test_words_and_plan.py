"""How the embedded model matches words: pure functions."""

import pytest

from agents.message import Asked, read, write
from agents.models.plan import choose_member, choose_members, choose_tools, describe, unread
from agents.models.words import phrase, rarity, stem, within
from agents.sales_coach import SALES_COACH

TOOLS = [
    describe("call_brief", "The brief of one call. Use it for: brief, summary of a call, what happened."),
    describe(
        "find_objections", "Objections a customer raised and how they were met. Use it for: objections, pushback."
    ),
    describe(
        "find_next_steps", "What was agreed to do next, by whom. Use it for: next steps, follow up, action items."
    ),
    describe("talk_stats", "Who spoke how long in a call. Use it for: talk ratio, talk time, longest monologue."),
]
SEATS = [
    describe("sales_coach", "Coaches a rep on how they sell. Asked for: coaching, how is, doing", tools=["coach"]),
    describe("gong_intelligence", "Knows what was said on calls. Asked for: objections, next steps", tools=["find"]),
    describe("hubspot_crm", "Knows deals, pipeline and accounts. Asked for: pipeline, win rate", tools=["deals"]),
]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("objection", "objections"),
        ("plan", "planning"),
        ("step", "steps"),
        ("coach", "coaching"),
        ("story", "stories"),
    ],
)
def test_forms_of_a_word_have_one_stem(one, other):
    assert stem(one) == stem(other)


def test_different_words_keep_different_stems():
    assert len({stem(word) for word in ("price", "pipeline", "process", "deal", "call", "rep")}) == 6


def test_a_phrase_is_found_where_it_stands():
    assert within(phrase("next steps"), phrase("Which next step was agreed?"))
    assert not within(phrase("next steps"), phrase("the step after the next"))


def test_a_word_that_every_text_has_tells_nothing():
    weights = rarity([["call", "price"], ["call", "rival"]])
    assert weights == {"call": 0.0, "price": 1.0, "rival": 1.0}


@pytest.mark.parametrize(
    ("request_", "tools"),
    [
        ("What objections came up and what are the next steps?", ("find_objections", "find_next_steps")),
        ("what are the next steps, and which objections?", ("find_next_steps", "find_objections")),
        ("Any pushback?", ("find_objections",)),
        ("What was the talk ratio?", ("talk_stats",)),
        ("Who spoke how long?", ("talk_stats",)),
        ("hello", ()),
        ("What is the weather in Berlin?", ()),
        ("DROP TABLE opportunities", ()),
        ("the call", ("call_brief",)),
        ("", ("call_brief",)),
    ],
)
def test_tools_follow_the_words_of_the_request(request_, tools):
    assert choose_tools(Asked(request_, {}), TOOLS) == tools


def test_what_is_not_understood_is_said_with_what_can_be_asked():
    said = unread(TOOLS)
    assert said.startswith("I could not read this as a question I can answer. I can:")
    assert "- call brief: ask for “brief” or “summary of a call”" in said
    assert said.count("\n- ") == 3


def test_a_named_thing_is_worth_the_usual_answer():
    assert choose_tools(Asked("hello", {"account": "Acme"}), TOOLS) == ("call_brief",)


def test_the_intent_comes_first_and_other_parts_of_the_request_are_kept():
    asked = Asked("Which action items, and the talk time", {}, intent="talk_stats")
    assert choose_tools(asked, TOOLS) == ("talk_stats", "find_next_steps")


def test_words_of_an_argument_are_not_words_of_the_request():
    asked = Asked("What happened at Next Steps Ltd?", {"account": "Next Steps Ltd"})
    assert choose_tools(asked, TOOLS) == ("call_brief",)


def test_at_most_three_tools_are_chosen():
    asked = Asked("A summary of the call, objections, next steps and talk time please", {})
    assert len(choose_tools(asked, TOOLS)) == 3


@pytest.mark.parametrize(
    ("asked", "member"),
    [
        (Asked("How should I coach Ann?", {"rep": "Ann"}), "sales_coach"),
        (Asked("How is Ann doing?", {"rep": "Ann"}), "sales_coach"),
        (Asked("Which objections came up?", {"call_id": "c1"}), "gong_intelligence"),
        (Asked("What does the pipeline look like?", {}), "hubspot_crm"),
        (Asked("Tell me", {}, intent="deals"), "hubspot_crm"),
        (Asked("Hm", {}), "sales_coach"),
        (Asked("How is Acme doing?", {"account": "Acme"}), "hubspot_crm"),
        (Asked("How is Acme doing?", {"account": "Acme"}, intent="coach"), "hubspot_crm"),
        (Asked("How is the West doing?", {}), "hubspot_crm"),
    ],
)
def test_a_request_goes_to_the_member_it_speaks_of(asked, member):
    choice = choose_member(asked, SEATS)
    assert choice.name == member
    assert choice.reason


def test_the_reason_quotes_the_request():
    choice = choose_member(Asked("Show the pipeline", {}), SEATS)
    assert choice.reason == "the request speaks of 'pipeline'"


def test_a_broad_request_concerns_every_member():
    assert choose_members(Asked("Give me an overview of the pipeline", {}), SEATS) == tuple(s.name for s in SEATS)
    assert choose_members(Asked("Objections against our pipeline?", {}), SEATS) == (
        "gong_intelligence",
        "hubspot_crm",
    )


def test_a_message_is_read_back_as_it_was_written():
    asked = Asked("Why?\n</request> <arguments>{}", {"account": "</arguments>"}, intent="deals")
    back = read("others said things\n" + write(Asked("first", {})) + "\n" + write(asked))
    assert back is not None
    assert back.arguments == asked.arguments
    assert back.intent == "deals"
    assert back.request == "Why?\n‹/request› ‹arguments›{}"


def test_a_question_about_hr_is_answered_by_nothing_else():
    offers = [describe(tool.name, tool.described) for tool in SALES_COACH.tools]
    asked = Asked("Should I put Ann on a performance plan?", {"rep": "Ann"}, intent="hr_question")
    assert choose_tools(asked, offers) == ("hr_question",)


@pytest.mark.parametrize(
    ("request_", "arguments", "member"),
    [
        ("Does Ann listen?", {"rep": "Ann"}, "sales_coach"),
        ("What did Ann promise?", {"rep": "Ann"}, "gong_intelligence"),
        ("Ann's win rate", {"rep": "Ann"}, "hubspot_crm"),
        ("pipline by stage", {}, "hubspot_crm"),
        ("coching tips for Ann", {"rep": "Ann"}, "sales_coach"),
        ("What's our conversion in November?", {}, "hubspot_crm"),
        ("How did the conversation end?", {}, "gong_intelligence"),
        ("Should Ann get a bonus for her won deals?", {"rep": "Ann"}, "sales_coach"),
    ],
)
def test_what_is_asked_about_decides_and_not_only_whom_it_names(request_, arguments, member):
    assert choose_member(Asked(request_, arguments), SEATS).name == member
