"""Which calls a request asks for."""

from datetime import date

import pytest

from agents.analysis.request import ParsedRequest, parse_request
from agents.sources import Names

NAMES = Names(accounts=("Umbrella Corporation", "Initech"), reps=("Darcel Schlecht",), call_ids=("7400171024000301",))
FIELDS = frozenset({"call_id", "account", "rep", "from_date", "to_date", "newest"})


def read(request: str) -> ParsedRequest:
    return parse_request(request, {}, fields=FIELDS, intents={}, names=NAMES, as_of=date(2017, 12, 31))


@pytest.mark.parametrize(
    ("request_", "newest"),
    [
        ("Brief me on the last call with Umbrella Corporation", 1),
        ("What came up in the most recent conversation with Initech?", 1),
        ("Objections in Darcel Schlecht's last 3 calls", 3),
        ("What came up in the last calls?", None),
        ("What happened last quarter?", None),
        ("the last call 7400171024000301", None),
    ],
)
def test_the_last_call_is_one_call(request_: str, newest: int | None) -> None:
    assert read(request_).arguments.get("newest") == newest


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        ("What did Nonexistent Holdings say about the price?", "Nonexistent Holdings"),
        ("Which calls did we have with Tesla?", "Tesla"),
    ],
)
def test_a_name_that_nobody_knows_is_said_to_narrow_nothing(request_: str, name: str) -> None:
    parsed = read(request_)
    assert "account" not in parsed.arguments
    assert any(name in note for note in parsed.notes)


@pytest.mark.parametrize(
    "request_",
    [
        "What did Umbrella Corporation say about the price?",
        "How has Darcel Schlecht done with Initech?",
        "Which calls did we have from October to December?",
        "What did I promise, and from Q4 on?",
        "How did We do with them?",
    ],
)
def test_known_names_and_months_leave_no_such_note(request_: str) -> None:
    assert not any("not narrowed" in note for note in read(request_).notes)
