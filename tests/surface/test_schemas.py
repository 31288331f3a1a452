"""Schemas that stand on their own, and arguments held against schemas of whatever origin."""

import json
import socket
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from agents.result import AgentResult
from agents.schema import schema_of
from server.errors import InvalidArguments
from server.surface.schemas import Validators

CALLS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "call_id": {"type": "string", "maxLength": 20, "pattern": "^[0-9]+$"},
        "limit": {"type": "integer", "minimum": 1},
        "kind": {"enum": ["won", "lost"]},
        "filter": {"type": "object", "properties": {"days": {"type": "array", "items": {"type": "integer"}}}},
    },
    "required": ["call_id"],
    "additionalProperties": False,
}


def told(schema: dict[str, Any], arguments: dict[str, Any]) -> str:
    with pytest.raises(InvalidArguments) as raised:
        Validators().check("list_calls", schema, arguments, ours=True)
    assert raised.value.delivered is False
    return raised.value.message


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "'call_id' is a required property"),
        ({"call_id": 7}, "`call_id` 7 is not of type string"),
        ({"call_id": "seven"}, "`call_id` 'seven' does not have the form ^[0-9]+$"),
        ({"call_id": "1" * 21}, "`call_id` is 21 characters long; at most 20 are taken"),
        ({"call_id": "1", "limit": 0}, "`limit` 0 is less than the minimum of 1"),
        ({"call_id": "1", "kind": "draw"}, "`kind` 'draw' is none of won, lost"),
        ({"call_id": "1", "filter": {"days": [1, "two"]}}, "`filter.days.1` 'two' is not of type integer"),
        ({"call_id": "1", "callid": "1"}, "'callid' was unexpected"),
    ],
)
def test_the_wrong_field_is_named_and_why(arguments: dict[str, Any], said: str) -> None:
    message = told(CALLS, arguments)
    assert message.startswith("`list_calls` cannot take these arguments: ")
    assert said in message


def test_several_wrong_fields_are_named_at_once() -> None:
    message = told(CALLS, {"call_id": 7, "limit": 0})
    assert "`call_id`" in message
    assert "`limit`" in message


def test_a_huge_value_is_not_repeated() -> None:
    assert len(told(CALLS, {"call_id": "x" * 5_000_000})) < 500


def test_good_arguments_pass() -> None:
    Validators().check("list_calls", CALLS, {"call_id": "12", "filter": {"days": [1]}}, ours=True)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "strin"},
        {"type": "object", "properties": {"a": {"pattern": "(?<name>x)\\p{L}"}}},  # good in JavaScript
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/missing"}}},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}},
        {"$schema": "https://example.example/own-dialect", "properties": {"a": {"type": "strin"}}},
    ],
)
def test_a_broken_schema_checks_nothing(schema: dict[str, Any]) -> None:
    Validators().check("odd", schema, {"a": "value"}, ours=True)


def test_what_a_foreign_schema_refers_to_is_never_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: object, **__: object) -> None:
        raise AssertionError("a schema made us open a connection")

    monkeypatch.setattr(socket, "socket", no_network)
    monkeypatch.setattr(socket, "create_connection", no_network)
    schema = {"type": "object", "properties": {"a": {"$ref": "http://schemas.example/a.json"}}}
    Validators().check("odd", schema, {"a": 1}, ours=True)


def test_a_schema_that_has_changed_is_taken_up() -> None:
    validators = Validators()
    validators.check("grown", {"type": "object"}, {"a": 1}, ours=True)
    with pytest.raises(InvalidArguments):
        validators.check("grown", {"type": "object", "required": ["b"]}, {"a": 1}, ours=True)


def test_an_older_dialect_is_read_as_such() -> None:
    tuple_of_2019 = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "properties": {"at": {"items": [{"type": "integer"}, {"type": "string"}]}},
    }
    assert "`at.1`" in told(tuple_of_2019, {"at": [1, 2]})


# Our own schemas


class Inner(BaseModel):
    title: str = "a field that is called title"
    kind: Literal["one"] = "one"


class Other(BaseModel):
    kind: Literal["two"] = "two"


class Outer(BaseModel):
    first: Inner
    several: list[Inner] = Field(description="kept")
    either: Inner | Other = Field(discriminator="kind")
    by_name: dict[str, Inner] = {}


@pytest.mark.parametrize("model", [Outer, AgentResult])
def test_our_schemas_are_objects_without_references(model: type[BaseModel]) -> None:
    schema = schema_of(model)
    text = json.dumps(schema)
    assert schema["type"] == "object"
    assert "$ref" not in text
    assert "$defs" not in text


def test_what_a_reference_stood_for_is_there_in_each_place() -> None:
    schema = schema_of(Outer)
    inner = schema["properties"]["first"]
    assert set(inner["properties"]) == {"title", "kind"}
    assert schema["properties"]["several"] == {"type": "array", "items": inner, "description": "kept"}
    assert schema["properties"]["by_name"]["additionalProperties"] == inner
    assert len(schema["properties"]["either"]["oneOf"]) == 2
    Validators().check("outer", schema, {"first": {}, "several": [{}], "either": {"kind": "two"}}, ours=True)
