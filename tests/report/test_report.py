"""`sophia ab report` in text, as JSON and as a page, from what stands in the store."""

import argparse
import json
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest

from server.commands.ab import report
from server.commands.operator_words import add_operator_commands
from server.report.elements import html_document, made
from server.state.decisions import DecisionRecord
from server.state.store import open_store
from tests.report.logged import TOOL, call, calls

HOSTILE = '</title><script src="//evil.example/x.js">&\u202e\x00'
VOID = {"meta"}


class Page(HTMLParser):
    """What a browser would make of it, as far as these tests ask."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.named: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        assert self._open == [], "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.named += [one for name, value in attrs if name == "aria-labelledby" for one in (value or "").split()]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A state directory with two hundred drawn calls a route, some rated, some with a shadow run."""
    shadow = {
        "route": "agno",
        "latency_ms": 1.0,
        "error": None,
        "agreement": "differ",
        "same": 1,
        "differing": [HOSTILE],
    }
    shadowed = call(900, "downstream", outcome={"shadow": shadow})
    now = time.time()
    with open_store(tmp_path) as store:
        records = [*calls("agno", 50), *calls("downstream", 100), shadowed]
        records = [DecisionRecord(one.id, now - 90_000 + n, TOOL, one.content) for n, one in enumerate(records)]
        store.decisions.save(records)
        for record in records[::3]:
            store.ratings.add(record.id, str(record.content["unit"]), 4.0, now)
        bucket = {"attempts": 200, "input_tokens": 3000, "output_tokens": 1000, "cost": 0.5, "errors": {}}
        store.tallies.save("evidence_long", "p", {f"{int(now) - 600}/agno/{TOOL}": bucket})
    return tmp_path


def test_an_empty_store_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(None, tmp_path, None, None, as_json=False) == 0
    assert "sophia rollout start" in capsys.readouterr().out


def test_the_text_tells_verdicts_costs_ratings_and_what_was_left_out(
    kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(None, kept, TOOL, None, as_json=False) == 0
    said = " ".join(capsys.readouterr().out.split())
    for expected in (
        "Response time: better",
        "Satisfaction: no difference shown",
        "answers rated 67 of 200",
        "20 (4,000 in all)",
        "not measured",
        "Learned allocation: insufficient",
        "Shadow runs: 1 call ran on both routes",
        "500 resamples",
    ):
        assert expected in said


def test_the_json_has_a_figure_and_a_verdict_for_every_metric(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(None, kept, None, 48, as_json=True) == 0
    data = json.loads(capsys.readouterr().out)
    (tool,) = data["tools"]
    assert tool["tool"] == TOOL
    assert tool["metrics"]["response_time_improvement"]["figure"] > 0
    assert tool["metrics"]["error_rate_reduction"]["interval"][0] < 0
    assert tool["arms"]["agno"]["rated"]["mean"] == 4
    assert tool["routes"]["agno"]["cost"] == 0.5
    assert tool["routes"]["downstream"]["memory_mb"] is None
    assert tool["allocation"]["status"] == "insufficient"
    assert tool["shadow"]["differed"] == 1
    assert sum(step["agno"] for step in tool["traffic"]) == 200


def test_the_page_is_whole_escaped_and_asks_nothing_of_a_network(
    kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = kept / "report.html"
    assert report(None, kept, None, None, as_json=False, html=file) == 0
    assert str(file) in capsys.readouterr().out
    text = file.read_text(encoding="utf-8")
    page = Page(text)
    assert page.tags.count("svg") == page.tags.count("desc") == 4
    assert not {"script", "link", "img", "iframe", "object", "image", "use"} & set(page.tags)
    outward = [value for name, value in page.attributes if name in {"href", "src", "xlink:href", "action"}]
    assert all(value.startswith("#") for value in outward)
    assert not any(name.startswith("on") for name, _ in page.attributes)
    assert "url(" not in text
    assert "@import" not in text
    assert any("default-src 'none'" in value for _, value in page.attributes)
    assert len(page.ids) == len(set(page.ids))
    assert set(page.named) <= set(page.ids)
    assert {"caption", "th", "main", "figcaption"} <= set(page.tags)
    assert any('</title><script src="//evil.example/x.js">&' in said for said in page.texts), "shown as it is"
    assert "\u202e" not in text
    assert "\x00" not in text
    assert "prefers-color-scheme: dark" in text


def test_a_page_of_nothing_says_so(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    assert report(None, tmp_path, None, None, as_json=False, html=file) == 0
    assert any("No call was drawn" in said for said in Page(file.read_text(encoding="utf-8")).texts)


def test_a_page_that_cannot_be_written_is_an_error(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(None, kept, None, None, as_json=False, html=kept / "nowhere" / "report.html") == 1
    assert "Name another file" in capsys.readouterr().err


def test_half_characters_and_attributes_are_escaped_too() -> None:
    text = html_document(HOSTILE, "", made("p", {"class": '"><b>'}, "\ud800"))
    assert "<script" not in text
    page = Page(text)
    assert "b" not in page.tags
    assert ("class", '"><b>') in page.attributes


def test_the_words_of_the_command_reach_the_report(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shared, parser = argparse.ArgumentParser(add_help=False), argparse.ArgumentParser()
    shared.add_argument("--config")
    shared.add_argument("--json", action="store_true")
    add_operator_commands(parser.add_subparsers(), [shared], lambda _: kept)
    file = kept / "report.html"
    options = parser.parse_args(["ab", "report", TOOL, "--since", "24", "--html", str(file), "--json"])
    assert options.run(options) == 0
    assert json.loads(capsys.readouterr().out)["hours"] == 24
    assert Page(file.read_text(encoding="utf-8"))
