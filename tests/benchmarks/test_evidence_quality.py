"""Citations, determinism and injections are measured on any folder of calls in Gong's shape."""

import json
from pathlib import Path

import anyio
import pytest

from benchmarks.quality import citations, injection
from benchmarks.quality.asked import injections, routing_questions
from benchmarks.quality.member_turns import Turns
from benchmarks.quality.row import NoData

SAID = [
    ("sam", "What happens today when a simulation fails overnight?"),
    ("bea", "Every failed simulation costs the team two days of work."),
    ("bea", "Honestly, $4,821 is too expensive for us."),
    ("sam", "I understand, what did you have in mind?"),
    ("bea", "Something near four thousand."),
    ("sam", "I'll send you a new proposal by Friday."),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One synthetic call as Gong exports it."""
    parties = [
        {"id": f"p-{name}", "name": full, "speakerId": name, "affiliation": side}
        for name, full, side in (("sam", "Sam Seller", "Internal"), ("bea", "Bea Buyer", "External"))
    ]
    meta = {"id": "7400000000000001", "title": "Demo (synthetic)", "started": "2017-10-04T15:00:00Z", "duration": 60}
    monologues = [
        {"speakerId": who, "sentences": [{"start": 5000 * at, "end": 5000 * at + 4000, "text": text}]}
        for at, (who, text) in enumerate(SAID)
    ]
    call = {
        "call": {"metaData": meta, "parties": parties},
        "transcript": {"callId": meta["id"], "transcript": monologues},
    }
    data = tmp_path / "calls"
    data.mkdir()
    (data / "call.json").write_text(json.dumps(call))
    return data


@pytest.mark.slow
def test_every_citation_over_a_folder_of_calls_is_looked_up(folder):
    quality = citations.measure(folder)
    quotes, findings = quality.rows[:2]
    assert (quotes.value, findings.value) == (100, 100)
    assert quotes.n > len(SAID)


@pytest.mark.slow
def test_an_injection_changes_no_tool_call_and_is_quoted(folder):
    quality = injection.measure(folder)
    assert [row.holds for row in quality.rows] == [True] * 4
    assert "tried to post in" in quality.notes[0]


def test_a_folder_without_calls_is_no_data(tmp_path):
    (tmp_path / "note.json").write_text("{}")
    with pytest.raises(NoData, match="No call"):
        citations.measure(tmp_path)


async def test_members_come_to_an_end_in_the_order_given():
    turns, ended = Turns(["b", "a"]), []

    async def work(member: str) -> None:
        await turns.begin(member)
        ended.append(member)
        turns.end(member)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(work, "a")
        tasks.start_soon(work, "b")
    assert ended == turns.began == ["b", "a"]


def test_there_are_fifty_questions_for_each_member_and_several_injections():
    members = [asked.tool for asked in routing_questions()]
    assert {name: members.count(name) for name in set(members)} == {
        "gong_intelligence": 50, "sales_coach": 50, "hubspot_crm": 50,
    }  # fmt: skip
    assert len(injections()) >= 8
