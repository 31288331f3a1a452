"""What a client finds when it connects."""

import json
import re

import jsonschema
import mcp_types as t
import pytest
from mcp.shared.exceptions import MCPError

pytestmark = pytest.mark.slow

AGENTS = (
    "gong_intelligence",
    "sales_coach",
    "hubspot_crm",
    "slack_orchestrator",
    "snowflake_analyst",
    "executive_knowledge",
)
TEAMS = ("business_intelligence", "executive_knowledge", "sales_intelligence")
OWN = (*AGENTS, *(f"{team}_team" for team in TEAMS))


async def test_every_agent_and_team_is_a_tool_with_a_title_a_description_and_both_schemas(client) -> None:
    async with client() as connected:
        tools = {tool.name: tool for tool in (await connected.list_tools()).tools}
    assert [name for name in tools if name in OWN] == list(OWN)
    for name in OWN:
        tool = tools[name]
        assert re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", name)
        assert tool.title
        assert len(tool.description or "") > 80
        assert tool.annotations is not None
        for schema in (tool.input_schema, tool.output_schema):
            assert schema["type"] == "object"
            assert "$ref" not in json.dumps(schema)
            jsonschema.Draft202012Validator.check_schema(schema)


async def test_the_tools_of_every_server_stand_beside_ours_under_its_name(client) -> None:
    async with client() as connected:
        names = [tool.name for tool in (await connected.list_tools()).tools]
    assert "gong__gong_call_analysis" in names
    assert "snowflake__execute_query" in names
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", name) for name in names)


async def test_every_agent_and_team_has_a_card(client) -> None:
    async with client() as connected:
        uris = {str(resource.uri) for resource in (await connected.list_resources()).resources}
        for kind, ids in (("agents", AGENTS), ("teams", TEAMS)):
            for one in ids:
                uri = f"sophia://{kind}/{one}"
                assert uri in uris
                card = json.loads((await connected.read_resource(uri)).contents[0].text)
                assert card["id"] == one
                assert card["input_schema"]["type"] == card["output_schema"]["type"] == "object"
                assert "figures" in card
                assert card.get("tools") or card.get("members")


async def test_a_card_shows_the_run_that_just_ended(client) -> None:
    async with client() as connected:
        result = await connected.call_tool("snowflake_analyst", {"metric": "revenue", "period": "2017-Q4"})
        card = json.loads((await connected.read_resource("sophia://agents/snowflake_analyst")).contents[0].text)
    assert card["last_runs"][0]["id"] == result.meta["sophia/decision"]
    assert sum(window["attempts"] for window in card["figures"].values()) >= 1


async def test_a_decision_can_be_read_by_the_id_in_the_result(client) -> None:
    async with client() as connected:
        result = await connected.call_tool("gong__get_users", {})
        uri = f"sophia://bridge/decisions/{result.meta['sophia/decision']}"
        decision = json.loads((await connected.read_resource(uri)).contents[0].text)
    assert decision["tool"] == "gong__get_users"
    assert decision["route"] == "downstream"
    assert decision["outcome"]["ended"] == "served"


async def test_an_unknown_decision_says_where_ids_come_from(client) -> None:
    async with client() as connected:
        with pytest.raises(MCPError, match="sophia/decision"):
            await connected.read_resource("sophia://bridge/decisions/nope")


async def test_the_status_says_what_is_bound_to_what(client) -> None:
    async with client() as connected:
        status = json.loads((await connected.read_resource("sophia://bridge/status")).contents[0].text)
    assert status["servers"]["gong"]["state"] == "ready"
    assert status["guards"]["routes"] == {}
    assert status["bindings"]["warehouse.query"] == {"server": "snowflake", "tool": "execute_query"}


async def test_our_prompts_are_filled_in_and_say_what_is_missing(client) -> None:
    async with client() as connected:
        names = [prompt.name for prompt in (await connected.list_prompts()).prompts]
        assert {"call_brief", "weekly_coaching", "executive_brief"} <= set(names)
        filled = await connected.get_prompt("weekly_coaching", {"rep": "Darcel Schlecht"})
        assert "Darcel Schlecht" in filled.messages[0].content.text
        with pytest.raises(MCPError, match="call_id"):
            await connected.get_prompt("call_brief", {})


@pytest.mark.parametrize(
    ("prompt", "argument", "typed", "expected"),
    [
        ("weekly_coaching", "rep", "darc", "Darcel Schlecht"),
        ("weekly_coaching", "period", "last q", "last quarter"),
        ("executive_brief", "account", "umbr", "Umbrella Corporation"),
    ],
)
async def test_arguments_of_our_prompts_complete(client, prompt, argument, typed, expected) -> None:
    async with client() as connected:
        result = await connected.complete(t.PromptReference(name=prompt), {"name": argument, "value": typed})
    assert expected in result.completion.values


async def test_call_ids_complete(client) -> None:
    async with client() as connected:
        result = await connected.complete(t.PromptReference(name="call_brief"), {"name": "call_id", "value": ""})
    assert result.completion.total >= 24


async def test_a_downstream_resource_and_its_template_read_under_their_own_address(client) -> None:
    async with client() as connected:
        resources = [
            str(r.uri) for r in (await connected.list_resources()).resources if str(r.uri).startswith("gong:")
        ]
        templates = [x.uri_template for x in (await connected.list_resource_templates()).resource_templates]
        text = (await connected.read_resource(resources[0])).contents[0].text
    assert "gong://calls/{id}/transcript" in templates
    assert len(text) > 100


async def test_a_downstream_prompt_is_filled_by_its_server(client) -> None:
    async with client() as connected:
        theirs = [p for p in (await connected.list_prompts()).prompts if p.name.startswith("gong__")]
        assert theirs
        arguments = {argument.name: "7400171024000301" for argument in theirs[0].arguments or ()}
        filled = await connected.get_prompt(theirs[0].name, arguments)
    assert filled.messages
