"""What is said of calls that a source tells less of: sentences without times, or a written summary only."""

from dataclasses import replace

import pytest

from agents.gong_intelligence import GONG_INTELLIGENCE
from agents.sources import Transcript

ONE = "7400000000000001"
EVERY_TOOL = [tool.name for tool in GONG_INTELLIGENCE.tools]


def extra(tool: str) -> dict[str, str]:
    return {"query": "delivery before the audit"} if tool == "search_calls" else {}


@pytest.fixture
def untimed(library):
    """The library as a server without times gives it."""
    for id_, words in library.words.items():
        bare = tuple(replace(sentence, start_ms=0, end_ms=0) for sentence in words.sentences)
        library.words[id_] = Transcript(id_, bare, level="untimed")
    return library


@pytest.fixture
def prose(library):
    """The library as a server that only summarises gives it."""
    for id_, words in library.words.items():
        library.words[id_] = Transcript(id_, words.sentences[:2], level="prose")
    return library


@pytest.mark.parametrize("tool", EVERY_TOOL)
@pytest.mark.parametrize("scope", [{"call_id": ONE}, {}], ids=["one", "all"])
def test_without_times_a_quote_is_cited_by_its_sentence_number_and_no_time_is_shown(ask, untimed, tool, scope):
    seen = ask(tool, **scope, **extra(tool))
    assert any("no times" in note for note in seen.notes)
    for cited in seen.citations:
        assert cited.start_ms is None
        assert cited.end_ms is None
        assert untimed.words[cited.call_id].sentences[cited.sentence - 1].text == cited.quote
        assert cited.id == f"call:{cited.call_id}#{cited.sentence}"
    assert "[00:00" not in seen.text


def test_without_times_the_talk_ratio_is_by_words_and_says_so(ask, untimed):
    seen = ask("call_statistics", call_id=ONE)
    (call,) = seen.data.calls
    assert call.basis == "words"
    assert "by words, not time" in seen.text
    for metric in call.metrics:
        if metric.name != "talk_ratio":
            assert metric.value is None
            assert metric.not_computable


@pytest.mark.parametrize("tool", EVERY_TOOL)
@pytest.mark.parametrize("scope", [{"call_id": ONE}, {}], ids=["one", "all"])
def test_a_summary_is_quoted_as_a_summary_and_nothing_is_computed_from_it(ask, prose, tool, scope):
    seen = ask(tool, **scope, **extra(tool))
    assert "summary" in seen.text
    assert "Thanks for joining, Bea." in seen.text
    assert any("it is quoted as such, and nothing is computed" in note for note in seen.notes)
    assert all(finding.kind == "fact" and "summary" in finding.statement for finding in seen.findings)
    assert all(cited.start_ms is None and "summary" in cited.speaker for cited in seen.citations)
