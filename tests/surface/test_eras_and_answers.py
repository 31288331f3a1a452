"""What clients of the handshake era are shown, and how an answer and a failure look as results."""

import mcp_types as t
import pytest

from agents.result import AgentResult, CallCitation, Finding, QueryCitation, ServedBy, TimingMs
from server.bridge.decision import Decision, Reason
from server.errors import Busy, DownstreamDown
from server.surface.answers import answered, failed, served_meta
from server.surface.eras import for_handshake, listable


def tool(output_schema: dict[str, object] | None) -> t.Tool:
    return t.Tool(name="rows", input_schema={"type": "object"}, output_schema=output_schema)


@pytest.mark.parametrize("schema", [{"type": "array"}, {"anyOf": [{"type": "object"}]}, {}])
def test_an_output_schema_that_is_no_objects_is_left_out(schema: dict[str, object]) -> None:
    assert listable([tool(schema)], "2025-11-25") == [tool(None)]


@pytest.mark.parametrize("schema", [None, {"type": "object", "properties": {}}])
def test_every_other_tool_is_listed_as_it_is(schema: dict[str, object] | None) -> None:
    assert listable([tool(schema)], "2025-11-25") == [tool(schema)]


@pytest.mark.parametrize("schema", [{"type": "array"}, None])
def test_a_client_of_today_gets_every_tool_as_it_is(schema: dict[str, object] | None) -> None:
    assert listable([tool(schema)], "2026-07-28") == [tool(schema)]


@pytest.mark.parametrize("odd", [{"type": "object", "required": "a"}, {"type": "object", "properties": []}])
def test_a_tool_that_a_handshake_client_cannot_take_costs_no_other_tool(odd: dict[str, object]) -> None:
    broken = t.Tool(name="odd", input_schema=odd)
    assert listable([broken, tool(None)], "2025-06-18") == [tool(None)]
    assert listable([broken, tool(None)], "2026-07-28") == [broken, tool(None)]


@pytest.mark.parametrize("structured", [[1, {"a": "ä"}], "text", 3])
def test_a_structured_result_that_is_no_object_travels_as_text(structured: object) -> None:
    answer = t.CallToolResult(content=[t.TextContent(text="before")], structured_content=structured)
    worn = for_handshake(answer)
    assert worn.structured_content is None
    assert worn.content[0] == t.TextContent(text="before")
    assert isinstance(worn.content[1], t.TextContent)
    assert for_handshake(t.CallToolResult(content=worn.content[1:], structured_content=structured)).content == [
        worn.content[1]
    ]


def test_a_structured_object_stays() -> None:
    answer = t.CallToolResult(content=[], structured_content={"a": [1]})
    assert for_handshake(answer) == answer


def test_a_request_for_input_becomes_a_clear_error() -> None:
    worn = for_handshake(t.InputRequiredResult(input_requests={}, request_state="s"))
    assert worn.is_error
    assert isinstance(worn.content[0], t.TextContent)
    assert "does not speak" in worn.content[0].text


# Answers

DECISION = Decision("agno", "downstream", (Reason("score", "+3 is for agno"),))


def result(**more: object) -> AgentResult:
    said = CallCitation(
        id="call:7@61000", call_id="7", call_title="Demo (synthetic)", start_ms=61_000, end_ms=62_000,
        speaker="Ann", quote="It is too expensive",
    )  # fmt: skip
    values: dict[str, object] = {
        "answer": "**One** objection.",
        "findings": [Finding(statement="Price", kind="candidate", citations=[said.id], confidence=0.5)],
        "citations": [said, QueryCitation(id="q", sql="SELECT 1", parameters={}, rows=1)],
        "notes": ["Synthetic."],
        "data": {"objections": []},
        "served_by": ServedBy(
            route="agno", agent="gong_intelligence", members=[], model="embedded", decision_id="d1"
        ),
        "timing_ms": TimingMs(total=12, bridge=1, model=1, downstream=1),
        "classification": "internal",
        "partial": False,
        "dropped": {"findings": 0, "sentences": 0},
        "as_of": None,
        "session_id": "s",
        "run_id": "r",
    }
    return AgentResult.model_validate(values | more)


def text_of(answer: t.CallToolResult) -> str:
    (block,) = answer.content
    assert isinstance(block, t.TextContent)
    return block.text


def test_the_text_of_an_answer_is_complete() -> None:
    answer = answered(result(), served_meta("d1", DECISION, "agno"), markdown=True, show_tool_calls=True)
    text = text_of(answer)
    for said in ("**One** objection.", "Synthetic.", "[01:01 Ann] “It is too expensive”", "`SELECT 1`", "objections"):
        assert said in text
    assert "gong_intelligence on route agno, model embedded" in text
    assert answer.structured_content == result().model_dump(mode="json")


def test_sources_are_those_the_answer_refers_to_and_the_rest_is_counted() -> None:
    first = result().citations[0]
    other = first.model_copy(update={"id": "call:7@99000", "start_ms": 99_000, "quote": "Not referred to"})
    told = result(answer="Price was an objection [01:01 Ann].", citations=[first, other])
    text = text_of(answered(told, {}, markdown=True, show_tool_calls=False))
    assert "- [01:01 Ann] “It is too expensive”" in text
    assert "Not referred to" not in text
    assert "- and 1 more in the structured result" in text


def test_without_markdown_nothing_is_marked_up() -> None:
    text = text_of(answered(result(), {}, markdown=False, show_tool_calls=False))
    assert "**" not in text
    assert "One objection." in text
    assert text.splitlines() == [line.rstrip() for line in text.splitlines()]


def test_every_reply_says_its_decision_route_and_reasons() -> None:
    assert served_meta("d1", DECISION, "downstream", "agno failed: full") == {
        "sophia/decision": "d1",
        "sophia/route": "downstream",
        "sophia/reasons": ["score: +3 is for agno"],
        "sophia/fallback_reason": "agno failed: full",
    }


def test_a_failure_says_of_what_kind_it_is_and_when_to_try_again() -> None:
    answer = failed(Busy("full", retry_after_s=1.0), {"sophia/decision": "d1"})
    assert answer.is_error
    assert answer.meta is not None
    assert answer.meta["sophia/error"] == {"kind": "busy", "retryable": True, "retry_after_s": 1.0}
    assert answer.meta["sophia/decision"] == "d1"
    assert failed(DownstreamDown("away"), {}).meta == {"sophia/error": {"kind": "downstream_down", "retryable": True}}
