"""What a caller gets: answers with their sources, how they were served, errors that say what to do."""

import json

import anyio
import jsonschema
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult

pytestmark = pytest.mark.slow

OWN_CALLS = [
    ("gong_intelligence", {"request": "What objections came up?", "call_id": "7400171024000301"}),
    ("gong_intelligence", {"request": "Which calls did we have with Umbrella Corporation?"}),
    ("gong_intelligence", {"call_id": "7400171024000301"}),
    ("sales_coach", {"rep": "Darcel Schlecht", "period": "2017"}),
    ("hubspot_crm", {"request": "How is the pipeline?"}),
    ("hubspot_crm", {"account": "Hottechi"}),
    ("hubspot_crm", {"deal_id": "1C1I7A6R"}),
    ("snowflake_analyst", {"request": "win rate by region last quarter"}),
    ("executive_knowledge", {"request": "Give me the one-page brief for last quarter"}),
    ("sales_intelligence_team", {"request": "How did Umbrella Corporation react to the price?"}),
    ("business_intelligence_team", {"request": "How did we do last quarter?"}),
    ("executive_knowledge_team", {"request": "What should worry us about last quarter?"}),
]


@pytest.mark.parametrize(
    ("tool", "arguments"), OWN_CALLS, ids=[f"{name}-{n}" for n, (name, _) in enumerate(OWN_CALLS)]
)
async def test_every_answer_keeps_to_its_schema_and_its_citations_resolve(client, tool, arguments) -> None:
    async with client() as connected:
        form = next(one for one in (await connected.list_tools()).tools if one.name == tool)
        result = await connected.call_tool(tool, arguments)
    assert not result.is_error, result.content[0].text
    answer = result.structured_content
    jsonschema.validate(answer, form.output_schema)
    cited = {citation["id"] for citation in answer["citations"]}
    assert all(set(finding["citations"]) <= cited for finding in answer["findings"])
    assert answer["answer"].strip()
    assert answer["answer"].strip()[:200] in result.content[0].text
    assert answer["served_by"]["decision_id"] == result.meta["sophia/decision"]
    assert answer["served_by"]["route"] == result.meta["sophia/route"]
    assert result.meta["sophia/reasons"]
    assert answer["timing_ms"]["total"] > 0


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("gong_intelligence", {"call_id": "7400171024000301"}),
        ("sales_coach", {"rep": "Darcel Schlecht"}),
        ("snowflake_analyst", {"metric": "win_rate", "period": "2017-Q4"}),
    ],
)
async def test_the_downstream_route_keeps_to_the_schema_too(client, tool, arguments) -> None:
    async with client() as connected:
        form = next(one for one in (await connected.list_tools()).tools if one.name == tool)
        result = await connected.call_tool(tool, arguments, meta={"sophia/route": "downstream"})
    assert not result.is_error, result.content[0].text
    assert result.structured_content["served_by"]["route"] == "downstream"
    jsonschema.validate(result.structured_content, form.output_schema)


async def test_an_operator_cannot_send_a_servers_own_tool_to_an_agent(client) -> None:
    async with client() as connected:
        result = await connected.call_tool("gong__get_users", {}, meta={"sophia/route": "agno"})
    assert result.is_error
    assert "no agent serves it" in result.content[0].text


async def test_both_routes_of_a_tool_answer_the_same_question_in_the_same_shape(client) -> None:
    arguments = {"request": "win rate by region in 2017-Q4"}
    async with client() as connected:
        answers = [
            (
                await connected.call_tool("snowflake_analyst", arguments, meta={"sophia/route": route})
            ).structured_content
            for route in ("agno", "downstream")
        ]
    assert [answer["served_by"]["route"] for answer in answers] == ["agno", "downstream"]
    assert answers[0]["data"] == answers[1]["data"]
    assert answers[0]["citations"] == answers[1]["citations"]


async def test_the_same_request_gives_the_same_canonical_answer(client) -> None:
    arguments = {"request": "Objections and next steps with Umbrella Corporation"}
    async with client() as connected:
        answers = [
            (await connected.call_tool("sales_intelligence_team", arguments)).structured_content for _ in range(3)
        ]
    canonical = [
        json.dumps({key: answer[key] for key in ("answer", "findings", "citations", "data")}, sort_keys=True)
        for answer in answers
    ]
    assert len(set(canonical)) == 1


async def test_a_route_team_says_which_one_member_took_it_and_why(client) -> None:
    async with client() as connected:
        result = await connected.call_tool(
            "sales_intelligence_team", {"request": "How is Darcel Schlecht doing on calls?"}
        )
    (member,) = result.structured_content["served_by"]["members"]
    assert member["id"] == "sales_coach"
    assert member["reason"]


async def test_many_teams_at_once_take_turns_and_all_answer(served: str) -> None:
    results: list[CallToolResult] = []
    async with Client(served) as connected, anyio.create_task_group() as tasks:

        async def ask() -> None:
            arguments = {"request": "How did we do last quarter?"}
            results.append(await connected.call_tool("business_intelligence_team", arguments))

        for _ in range(20):
            tasks.start_soon(ask)
    assert [result.content[0].text for result in results if result.is_error] == []


async def test_a_coordinate_team_credits_every_member(client) -> None:
    async with client() as connected:
        result = await connected.call_tool("business_intelligence_team", {"request": "How did we do last quarter?"})
    members = {member["id"]: member for member in result.structured_content["served_by"]["members"]}
    assert {"gong_intelligence", "hubspot_crm", "snowflake_analyst"} <= set(members)


async def test_a_follow_up_in_a_session_is_about_the_account_of_the_question_before(client) -> None:
    async with client() as connected:
        first = await connected.call_tool(
            "gong_intelligence", {"request": "What objections came up with Umbrella Corporation?"}
        )
        session = {"session_id": first.structured_content["session_id"]}
        second = await connected.call_tool("gong_intelligence", {"request": "And the next steps?", **session})
        elsewhere = await connected.call_tool("sales_coach", {"request": "And the next steps?", **session})
    assert any("account Umbrella Corporation" in note for note in second.structured_content["notes"])
    assert list(second.structured_content["data"]) == ["next_steps"]
    assert not any("Umbrella" in note for note in elsewhere.structured_content["notes"])


async def test_progress_tells_what_an_agent_is_doing(client) -> None:
    told: list[str] = []

    async def progressed(progress: float, total: float | None, message: str | None) -> None:
        told.append(message or "")

    async with client() as connected:
        await connected.call_tool(
            "gong_intelligence",
            {"call_id": "7400171024000301"},
            progress_callback=progressed,
            meta={"sophia/route": "agno"},
        )
    assert any("Gong Intelligence" in message for message in told)
    assert all(len(message) <= 200 for message in told)


@pytest.mark.parametrize(
    ("tool", "arguments", "says"),
    [
        ("gong_intelligence", {}, "request"),
        ("gong_intelligence", {"request": ""}, "empty"),
        ("gong_intelligence", {"request": "x", "depth": 3}, "depth"),
        ("gong_intelligence", {"call_id": 7}, "call_id"),
        ("gong_intelligence", {"call_id": "740017102400030"}, "7400171024000301"),
        ("gong_intelligence", {"request": "x" * 5_000_000}, "5,000,000"),
        ("sales_coach", {"rep": "Darcel Schlecht", "period": "soonish"}, "soonish"),
        ("slack_orchestrator", {"query": "Acme", "channel": "deal-east"}, "deals-east"),
        ("snowflake__execute_query", {"query": "DROP TABLE opportunities"}, "SELECT"),
        ("snowflake__execute_query", {"sql": "SELECT 1"}, "sql"),
        ("gong__get_call_details", {"callId": "123"}, "123"),
        ("gong_intelligence", {"from_date": "2017-13-45"}, "from_date"),
        ("gong_intelligence", {"account": "x" * 301}, "301 characters"),
    ],
)
async def test_bad_input_gets_an_error_that_names_what_is_wrong(client, tool, arguments, says) -> None:
    async with client() as connected:
        result = await connected.call_tool(tool, arguments)
        alive = await connected.call_tool("gong__get_users", {})
    assert result.is_error
    assert says in result.content[0].text
    assert "Traceback" not in result.content[0].text
    assert result.meta["sophia/decision"]
    assert not alive.is_error


async def test_an_unknown_tool_names_the_nearest(client) -> None:
    async with client() as connected:
        with pytest.raises(MCPError, match="gong_intelligence") as caught:
            await connected.call_tool("gong_inteligence", {"request": "x"})
    assert caught.value.code == -32602


async def test_a_period_without_calls_is_answered_with_the_days_that_have_some(client) -> None:
    async with client() as connected:
        result = await connected.call_tool("gong_intelligence", {"request": "Which calls did we have in 2009?"})
    assert not result.is_error
    assert "No recorded calls" in result.content[0].text
    assert "2017-12-20" in result.content[0].text


async def test_a_customer_that_nobody_knows_is_said_to_narrow_nothing(client) -> None:
    request = "What did Nonexistent Holdings say about the price?"
    async with client() as connected:
        result = await connected.call_tool("gong_intelligence", {"request": request})
    assert "Nonexistent Holdings" in result.content[0].text


async def test_an_account_without_calls_names_the_nearest(client) -> None:
    async with client() as connected:
        result = await connected.call_tool("gong_intelligence", {"account": "Umbrela Corp"})
    assert "Umbrella Corporation" in result.content[0].text


async def test_synthetic_calls_are_called_synthetic(client) -> None:
    async with client() as connected:
        result = await connected.call_tool("gong_intelligence", {"call_id": "7400171024000301"})
    assert "synthetic" in result.content[0].text.lower()


# The caller's own time


@pytest.mark.parametrize(
    ("tool", "arguments"), [("gong_intelligence", {"call_id": "7400171024000301"}), ("gong__get_users", {})]
)
async def test_a_call_ends_with_the_time_that_its_caller_gave_it(client, tool, arguments) -> None:
    async with client() as connected:
        result = await connected.call_tool(tool, arguments, meta={"sophia/deadline_ms": 0})
        unharmed = await connected.call_tool(tool, arguments, meta={"sophia/deadline_ms": 10**9})
    assert result.is_error
    assert result.meta["sophia/error"]["kind"] == "caller_deadline"
    assert "Give it more time" in result.content[0].text
    assert not unharmed.is_error


@pytest.mark.parametrize("given", [-1, "soon", True, None])
async def test_a_time_that_is_none_is_refused_with_what_it_should_be(client, given) -> None:
    async with client() as connected:
        result = await connected.call_tool("gong__get_users", {}, meta={"sophia/deadline_ms": given})
    assert result.is_error == (given is not None)
    if result.is_error:
        assert "`sophia/deadline_ms` is a number of milliseconds" in result.content[0].text
