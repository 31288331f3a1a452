"""Whether both routes say the same: named figures at the precision shown, cited calls and messages, and never a value."""

from typing import Any

import pytest

from agents.catalog import AGENTS
from agents.outcome import Answered
from agents.result import CallCitation, MessageCitation
from server.bridge.agreement import SHARED, compared
from server.surface.own import own_tools


def said(data: dict[str, Any], *citations: CallCitation | MessageCitation) -> Answered:
    return Answered("words", "", data=data, citations=citations)


def coached(talk_ratio: float, patience_s: float) -> Answered:
    figures = [{"name": "talk_ratio", "mean": talk_ratio, "calls": 3}, {"name": "patience_s", "mean": patience_s}]
    return said({"coaching_report": [{"figures": figures}]})


def reported(talk_ratio: float, patience_s: float) -> Answered:
    return said(
        {"downstream": {"averages": {"talk_ratio": talk_ratio, "patience_s": patience_s}, "calls_analyzed": 3}}
    )


def moment(call_id: str, start_ms: int) -> CallCitation:
    return CallCitation(
        id=f"call:{call_id}@{start_ms}",
        call_id=call_id,
        call_title="A call",
        start_ms=start_ms,
        end_ms=start_ms + 10,
        speaker="Dana",
        quote="Well.",
    )


def test_figures_agree_at_the_precision_in_which_they_are_shown() -> None:
    found = compared("sales_coach", coached(0.509235718835208, 0.5431), reported(0.51, 0.54))
    assert (found.agreement, found.same, found.differing) == ("agree", 3, ())


def test_what_differs_is_named_and_its_value_is_not() -> None:
    found = compared("sales_coach", coached(0.509, 0.543), reported(0.51, 0.59))
    assert (found.agreement, found.same, found.differing) == ("differ", 2, ("patience_s",))


def test_a_figure_that_only_one_gives_is_not_compared() -> None:
    found = compared("sales_coach", said({"coaching_report": [{"figures": []}]}), reported(0.5, 0.5))
    assert found.agreement == "not_comparable"


@pytest.mark.parametrize(("agno", "downstream"), [(said({}), said({})), (said({}), reported(0.5, 0.5))])
def test_where_nothing_is_shared_it_says_so(agno: Answered, downstream: Answered) -> None:
    assert compared("sales_coach", agno, downstream).agreement == "not_comparable"


def test_it_says_who_failed() -> None:
    assert compared("sales_coach", None, reported(0.5, 0.5)).agreement == "one_failed"
    assert compared("sales_coach", coached(0.5, 0.5), None).agreement == "one_failed"
    assert compared("sales_coach", None, None).agreement == "both_failed"


def test_the_same_calls_may_be_cited_in_other_sentences() -> None:
    one, other, third = moment("7", 10), moment("7", 900), moment("8", 10)
    assert compared("gong_intelligence", said({}, one), said({}, other)).agreement == "agree"
    assert compared("gong_intelligence", said({}, one), said({}, third)).differing == ("cited calls",)


def test_cited_messages_are_the_same_messages() -> None:
    def found(*ids: str) -> Answered:
        cited = [MessageCitation(id=f"message:{one}", channel="deals", author="Dana", quote="Yes.") for one in ids]
        return said({"search_messages": [{"total": len(ids)}]}, *cited)

    assert compared("slack_orchestrator", found("1", "2"), found("2", "1")).same == 2
    assert compared("slack_orchestrator", found("1"), found("2")).differing == ("cited messages",)


def test_whole_rows_are_compared_figure_by_figure() -> None:
    def answered(value: float) -> Answered:
        figures = {"value": value, "n": 2, "extra": {}}
        return said(
            {"metric": [{"metric": "revenue", "period": {"text": "all"}, "figures": figures, "groups": [figures]}]}
        )

    assert compared("snowflake_analyst", answered(0.1 + 0.2), answered(0.3)).agreement == "agree"
    assert compared("snowflake_analyst", answered(0.3), answered(0.4)).differing == ("figures", "groups")


def test_names_of_what_differs_come_from_a_list_and_never_from_an_answer() -> None:
    names = {shared.name for listed in SHARED.values() for shared in listed}
    assert all(name.replace("_", "").isalnum() and name.islower() for name in names)


def below(schema: Any, step: str) -> list[Any]:
    """What a schema says stands at one step of a path."""
    if "anyOf" in schema:
        return [found for one in schema["anyOf"] for found in below(one, step)]
    found = schema.get("items") if schema.get("type") == "array" else schema.get("properties", {}).get(step)
    return [] if found is None else [found]


def test_every_figure_that_is_compared_is_one_that_the_agent_gives() -> None:
    published = own_tools(AGENTS, ())
    for tool, listed in SHARED.items():
        for shared in listed:
            at: list[Any] = [(published[tool].form.output_schema or {})["properties"]["data"]]
            for step in shared.agno.split("."):
                at = [found for one in at for found in below(one, step)]
            assert at, f"{tool} gives no {shared.agno}"
