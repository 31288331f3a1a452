"""A follow-up means what the question before it meant, as far as it leaves that open."""

import pytest

from agents.analysis.followup import NOTHING_REMEMBERED, followed_up
from agents.analysis.request import ParsedRequest

FIELDS = frozenset({"account", "rep", "call_id", "period", "metric", "dimension"})
BEFORE = ({"account": "Acme", "period": "2017-Q4"}, "objections")


def read(request: str, intent: str | None = None, **arguments: str) -> ParsedRequest:
    return followed_up(request, ParsedRequest(dict(arguments), intent), BEFORE, fields=FIELDS, resumed=True)


@pytest.mark.parametrize(
    "request_", ["And the next steps?", "What did they say about price?", "what about pricing", "Who owns that deal?"]
)
def test_what_is_left_open_is_taken_over_and_said(request_: str) -> None:
    understood = read(request_, "next_steps")
    assert understood.arguments == {"account": "Acme", "period": "2017-Q4"}
    assert understood.intent == "next_steps"
    assert "account Acme" in understood.notes[-1]


def test_what_is_said_anew_wins() -> None:
    understood = read("And with Globex in Q3?", account="Globex", period="2017-Q3")
    assert understood.arguments == {"account": "Globex", "period": "2017-Q3"}
    assert understood.intent == "objections"
    assert understood.notes == ()


def test_another_subject_of_any_kind_replaces_the_one_before() -> None:
    assert read("And how is Dana doing?", rep="Dana").arguments == {"rep": "Dana", "period": "2017-Q4"}


@pytest.mark.parametrize(
    "request_",
    ["Which customers said they are unhappy?", "How is the pipeline?", "List all deals", "Who asked for its price?"],
)
def test_a_question_of_its_own_takes_nothing(request_: str) -> None:
    assert read(request_).arguments == {}


def test_a_figure_is_asked_for_again_in_another_period() -> None:
    before = ({"metric": "win_rate", "dimension": "region", "period": "2017-Q4"}, "metric")
    asked = ParsedRequest({"period": "2017-Q3"}, None)
    understood = followed_up("and in Q3?", asked, before, fields=FIELDS, resumed=True)
    assert understood.arguments == {"metric": "win_rate", "dimension": "region", "period": "2017-Q3"}
    assert understood.intent == "metric"


def test_only_arguments_that_the_tool_has_are_taken() -> None:
    understood = followed_up("And now?", ParsedRequest({}, None), BEFORE, fields={"period"}, resumed=True)
    assert understood.arguments == {"period": "2017-Q4"}


def test_a_follow_up_to_nothing_says_so_to_who_named_a_session() -> None:
    asked = ParsedRequest({}, None)
    resumed = followed_up("And the next steps?", asked, None, fields=FIELDS, resumed=True)
    assert resumed.notes == (NOTHING_REMEMBERED,)
    assert followed_up("And the next steps?", asked, None, fields=FIELDS, resumed=False) is asked


@pytest.mark.parametrize(
    "request_",
    [
        "And for the whole company?",
        "Now overall, please",
        "only the total revenue of all regions",
        "Now show me the calls of the whole team",
        "Are there price objections anywhere?",
        "Is there any churn risk?",
    ],
)
def test_a_question_that_widens_leaves_the_account_behind(request_: str) -> None:
    assert "account" not in read(request_).arguments


def test_an_unknown_name_is_never_answered_with_the_one_before() -> None:
    understood = read("And Zzyzx Corp?")
    assert "account" not in understood.arguments
    assert "Zzyzx Corp" in understood.notes[-1]


@pytest.mark.parametrize("request_", ["And in Q3?", "And October?", "what about pricing", "And what did Minho say?"])
def test_periods_subjects_and_people_of_the_account_are_no_other_account(request_: str) -> None:
    period = {"period": "2017-Q3"} if request_ in ("And in Q3?", "And October?") else {}
    assert read(request_, None, **period).arguments["account"] == "Acme"


@pytest.mark.parametrize(
    "asked",
    [
        ParsedRequest({"text": "Hi.", "confirm": True}, None),
        ParsedRequest({"confirm": True}, None),
        ParsedRequest({}, "post_message"),
    ],
)
def test_where_a_message_goes_is_never_taken_from_the_session(asked: ParsedRequest) -> None:
    before = ({"channel": "deals", "text": "Old words."}, "search_messages")
    fields = frozenset({"channel", "text", "confirm"})
    understood = followed_up("Then post that", asked, before, fields=fields, resumed=True)
    assert understood.arguments == asked.arguments


def test_a_channel_is_taken_over_to_read_in_it() -> None:
    before = ({"channel": "deals"}, "search_messages")
    asked = ParsedRequest({}, "digest_messages")
    understood = followed_up("And what was decided there?", asked, before, fields={"channel"}, resumed=True)
    assert understood.arguments == {"channel": "deals"}
