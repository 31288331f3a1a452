"""What a request says in the writer's own words."""

from datetime import date

import pytest

from agents.analysis.request import ParsedRequest, parse_request
from agents.catalog import AGENTS
from agents.sources import Names

NAMES = Names(accounts=("Umbrella Corporation", "Initech"), reps=("Darcel Schlecht",))
SPECS = {agent.id: agent for agent in AGENTS}


def read(agent: str, request: str, **vocabulary: tuple[str, ...]) -> ParsedRequest:
    spec = SPECS[agent]
    return parse_request(
        request,
        {},
        fields=spec.arguments.model_fields,
        intents={tool.name: tool.cues for tool in spec.tools},
        names=NAMES,
        as_of=date(2017, 12, 31),
        vocabulary=vocabulary,
    )


@pytest.mark.parametrize(
    ("request_", "sql"),
    [
        ("SELECT account FROM opportunities LIMIT 2", "SELECT account FROM opportunities LIMIT 2"),
        ("run this: select account\nfrom opportunities;", "select account\nfrom opportunities;"),
        (
            "WITH a AS (SELECT 1 AS x FROM opportunities) SELECT x FROM a",
            "WITH a AS (SELECT 1 AS x FROM opportunities) SELECT x FROM a",
        ),
        (
            "SELECT account FROM opportunities WHERE account = 'Initech'",
            "SELECT account FROM opportunities WHERE account = 'Initech'",
        ),
    ],
)
def test_a_request_that_is_a_query_is_run_as_it_is(request_: str, sql: str) -> None:
    parsed = read("snowflake_analyst", request_)
    assert (parsed.intent, parsed.arguments) == ("run_sql", {"sql": sql})


@pytest.mark.parametrize(
    "request_",
    [
        "Select the best deals from West",
        "With whom did we win, from Q3 on?",
        "DROP TABLE opportunities",
        "SELECT account FROM opportunities; DROP TABLE opportunities",
    ],
)
def test_what_is_no_single_query_is_none(request_: str) -> None:
    assert "sql" not in read("snowflake_analyst", request_).arguments


@pytest.mark.parametrize(
    ("request_", "side"),
    [
        ("What did Umbrella say about the price?", "external"),
        ("What do customers say?", "external"),
        ("What did we say about the price?", "internal"),
        ("What did Darcel Schlecht say about the price?", "internal"),
        ("What was said about pricing?", None),
        ("Pricing at Umbrella", None),
    ],
)
def test_who_is_asked_about_is_heard(request_: str, side: str | None) -> None:
    assert read("gong_intelligence", request_).arguments.get("side") == side


@pytest.mark.parametrize(
    ("request_", "query"),
    [
        ("What do they say about it", None),
        ("find what customers said", None),
        ("find messages about renewals", "messages about renewals"),
    ],
)
def test_words_that_name_no_subject_are_no_query(request_: str, query: str | None) -> None:
    assert read("slack_orchestrator", request_).arguments.get("query") == query


@pytest.mark.parametrize(
    ("request_", "topic"),
    [
        ("brief for the West in Q4", "West"),
        ("brief on Initech", "Initech"),
        ("brief for West and East", None),
        ("what about Q4?", None),
        ("a brief about pricing", "pricing"),
    ],
)
def test_the_one_name_in_a_request_is_its_topic(request_: str, topic: str | None) -> None:
    parsed = read("executive_knowledge", request_, region=("Central", "East", "West"))
    assert parsed.arguments.get("topic") == topic


@pytest.mark.parametrize(
    ("request_", "focus"),
    [
        ("How did we do on price in 2017-Q4?", "price"),
        ("How are we doing on renewals last quarter?", "renewals"),
        ("How did we do on win rate since October?", "win rate"),
        ("How did we do on Monday?", None),
        ("How did we do last quarter?", None),
    ],
)
def test_what_a_question_asks_how_it_went_with_is_its_focus(request_: str, focus: str | None) -> None:
    assert read("slack_orchestrator", request_).arguments.get("focus") == focus
