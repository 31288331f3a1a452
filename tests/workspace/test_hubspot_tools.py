"""What a client of the CRM server can ask and what it gets."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.workspace.callers import ToolUser
from workspace.hubspot.records import Records
from workspace.hubspot.server import build_server


@pytest.fixture(scope="module")
def hubspot() -> ToolUser:
    return ToolUser(build_server(Records()))


async def test_every_tool_only_reads_and_answers_as_its_schema_says(hubspot: ToolUser) -> None:
    asked: dict[str, dict[str, Any]] = {
        "list_deals": {},
        "get_deal": {"deal_id": "FQPECFYO"},
        "search_contacts": {"query": "Hottechi"},
        "get_contact": {"contact_id": "Minho Baek"},
        "get_company": {"company_id": "Hottechi"},
        "list_contacts": {},
        "get_analytics": {"metric_type": "pipeline"},
    }
    async with hubspot.client() as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert list(tools) == list(asked)
        for name, tool in tools.items():
            assert tool.annotations
            assert tool.annotations.read_only_hint
            answer = await client.call_tool(name, asked[name])
            Draft202012Validator(tool.output_schema).validate(answer.structured_content)


async def test_a_deal_is_an_object_of_text_properties(hubspot: ToolUser) -> None:
    deal = await hubspot.gets("get_deal", deal_id="fqpecfyo")
    assert deal["id"] == "FQPECFYO"
    properties = deal["properties"]
    assert (properties["dealname"], properties["amount"]) == ("Hottechi: GTX Pro", "4869")
    assert (properties["dealstage"], properties["closedate"], properties["pipeline"]) == (
        "Won",
        "2017-12-20",
        "Central",
    )


async def test_an_open_deal_has_no_amount_instead_of_zero(hubspot: ToolUser) -> None:
    deal = await hubspot.gets("get_deal", deal_id="01XZ9CRY")
    assert deal["properties"]["amount"] is None
    assert deal["properties"]["hs_is_closed"] == "false"


async def test_deals_come_in_pages_and_each_once(hubspot: ToolUser) -> None:
    asked: dict[str, Any] = {"pipeline": "west", "stage": "Engaging", "limit": 100}
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        answer = await hubspot.gets("list_deals", **asked, **after)
        seen += [deal["id"] for deal in answer["results"]]
        if "paging" not in answer:
            break
        after = {"after": answer["paging"]["next"]["after"]}
    assert len(seen) == len(set(seen)) == answer["total"] > 100


async def test_contacts_are_those_of_the_calls_and_marked_as_invented(hubspot: ToolUser) -> None:
    answer = await hubspot.gets("list_contacts", company="Hottechi")
    assert {it["properties"]["lastname"] for it in answer["results"]} == {"Baek", "Han", "Lim", "Park"}
    assert answer["synthetic"]
    assert all(it["synthetic"] and it["properties"]["email"].endswith(".example") for it in answer["results"])


async def test_every_customer_has_somebody(hubspot: ToolUser) -> None:
    for company in ("Betasoloin", "Zencorporation"):
        assert (await hubspot.gets("list_contacts", company=company))["total"] == 1


async def test_a_quarter_is_counted_as_the_warehouse_counts_it(hubspot: ToolUser) -> None:
    answer = await hubspot.gets("get_analytics", metric_type="pipeline", time_period="quarter")
    assert (answer["from"], answer["to"]) == ("2017-10-01", "2017-12-31")
    metrics = answer["metrics"]
    assert metrics["open"] == sum(metrics["open_by_stage"].values()) == 2089
    assert metrics["win_rate"] == round(metrics["won"] / (metrics["won"] + metrics["lost"]), 4)
    assert set(answer["definitions"]) >= {"won", "lost", "win_rate", "revenue", "open"}
    given = {"metric_type": "pipeline", "from": "2017-10-01", "to": "2017-12-31"}
    assert (await hubspot.gets("get_analytics", **given))["metrics"] == metrics


async def test_a_rate_of_nothing_is_no_rate(hubspot: ToolUser) -> None:
    answer = await hubspot.gets("get_analytics", metric_type="deals", **{"from": "2016-01-01", "to": "2016-01-31"})
    assert (answer["metrics"]["won"], answer["metrics"]["win_rate"]) == (0, None)


@pytest.mark.parametrize(
    ("tool", "asked", "code", "near"),
    [
        ("get_deal", {"deal_id": "FQPECFY0"}, "unknown_deal", "FQPECFYO"),
        ("get_company", {"company_id": "Hotechi"}, "unknown_company", "Hottechi"),
        ("get_contact", {"contact_id": "Minho Bak"}, "unknown_contact", "Minho Baek"),
        ("list_contacts", {"company": "Umbrela"}, "unknown_company", "Umbrella Corporation"),
        ("list_deals", {"pipeline": "North"}, "unknown_pipeline", "Central"),
        ("get_analytics", {"metric_type": "deals", "pipeline": "North"}, "unknown_pipeline", "Central"),
    ],
)
async def test_an_unknown_name_is_answered_with_the_nearest(
    hubspot: ToolUser, tool: str, asked: dict[str, Any], code: str, near: str
) -> None:
    text, error = await hubspot.is_refused(tool, **asked)
    assert error["code"] == code
    assert near in text
