"""What a server offers, kept between runs, and what it can be used for."""

import json
from typing import Any

import mcp_types as t
import pytest

from server.config import CapabilityUse
from server.downstream.capabilities import Binding, bind
from server.downstream.offer import Offer, offer_from_json, offer_to_json

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"q": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None, "enum": ["a", None]}},
    "$defs": {"x": {"$anchor": "x"}},
    "x-vendor": {"keep": [None, 1]},
}


def tool(name: str) -> t.Tool:
    return t.Tool(name=name, input_schema=SCHEMA)


def offer(*names: str) -> Offer:
    return Offer(protocol_version="2025-11-25", tools=tuple(tool(name) for name in names))


def test_an_offer_is_kept_as_it_was_said() -> None:
    said = Offer(
        protocol_version="2026-07-28",
        tools=(
            t.Tool(
                name="search",
                title="Search",
                description="d",
                input_schema=SCHEMA,
                output_schema={"type": "array", "items": {"default": None}},
                annotations=t.ToolAnnotations(read_only_hint=True, destructive_hint=False),
                icons=[t.Icon(src="data:image/png;base64,AA==")],
                _meta={"vendor/key": {"a": None}},
            ),
        ),
        resources=(t.Resource(name="r", uri="test://r", mime_type="text/plain", size=3),),
        templates=(t.ResourceTemplate(name="t", uri_template="test://{id}"),),
        prompts=(t.Prompt(name="p", arguments=[t.PromptArgument(name="a", required=True)]),),
        completes=True,
    )
    assert offer_from_json(json.loads(json.dumps(offer_to_json(said)))) == said


@pytest.mark.parametrize(
    "kept", [{}, {"tools": "many"}, {"protocol_version": "2025-11-25", "tools": [{"title": "?"}]}]
)
def test_an_offer_that_another_release_kept_otherwise_is_forgotten(kept: dict[str, Any]) -> None:
    assert offer_from_json(kept) is None


# Capabilities


def test_a_capability_is_bound_to_the_first_server_that_has_it() -> None:
    offers = {"other": offer("search"), "gong": offer("list_calls"), "mirror": offer("list_calls")}
    bound = bind(offers, {})
    assert bound["calls.list"].server == "gong"
    assert "warehouse.query" not in bound


def test_the_better_known_tool_of_a_server_is_taken() -> None:
    bound = bind({"db": offer("read_query", "execute_query")}, {})
    assert bound["warehouse.query"].tool.name == "execute_query"


def test_a_list_of_capabilities_keeps_only_those() -> None:
    offers = {"gong": offer("list_calls", "get_call_details"), "mirror": offer("get_call_details")}
    bound = bind(offers, {"gong": {"calls.list": None}})
    assert (bound["calls.list"].server, bound["calls.details"].server) == ("gong", "mirror")


def test_an_operator_names_the_tool_that_has_a_capability() -> None:
    bound = bind(
        {"db": offer("execute_query", "ask_sql")}, {"db": {"warehouse.query": CapabilityUse(tool="ask_sql")}}
    )
    assert bound["warehouse.query"].tool.name == "ask_sql"


def test_a_named_tool_that_is_not_there_binds_nothing() -> None:
    assert bind({"db": offer("execute_query")}, {"db": {"warehouse.query": CapabilityUse(tool="ask_sql")}}) == {}


def test_no_capability_at_all_is_a_choice_too() -> None:
    assert bind({"gong": offer("list_calls")}, {"gong": {}}) == {}


def test_capabilities_that_belong_together_come_from_the_server_that_has_most_of_them() -> None:
    offers = {"phone": offer("list_calls"), "gong": offer("list_calls", "get_call_details", "retrieve_transcripts")}
    bound = bind(offers, {})
    assert {bound[capability].server for capability in ("calls.list", "calls.details", "calls.transcripts")} == {
        "gong"
    }


def warehouse(use: CapabilityUse, **schema: Any) -> Binding:
    found = Offer(protocol_version="2025-11-25", tools=(t.Tool(name="execute_query", input_schema=schema),))
    return bind({"db": found}, {"db": {"warehouse.query": use}})["warehouse.query"]


def test_the_names_of_arguments_are_read_from_the_tools_own_schema() -> None:
    assert warehouse(CapabilityUse(), properties={"statement": {}}).arguments(sql="SELECT 1") == {
        "statement": "SELECT 1"
    }


def test_an_operator_names_an_argument_and_gives_what_the_tool_requires_beside_it() -> None:
    use = CapabilityUse(arguments={"sql": "text"}, given={"role": "READER"})
    binding = warehouse(
        use, properties={"query": {}, "text": {}, "role": {}, "pool": {}}, required=["text", "role", "pool"]
    )
    assert binding.arguments(sql="SELECT 1", limit=None) == {"text": "SELECT 1", "role": "READER"}
    assert binding.wanting == ("pool",)
