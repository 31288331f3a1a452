"""Looking up the words of a cue before searching for it never loses what the cue would find."""

import importlib
import pkgutil
from collections.abc import Iterator
from importlib.resources import files
from itertools import cycle

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.analysis import calls
from agents.analysis.calls import word_index as indexing
from agents.analysis.calls.competitors import competitors_in
from agents.analysis.calls.cues import ObjectionCue
from agents.analysis.calls.key_sentences import key_sentences
from agents.analysis.calls.money import prices_in
from agents.analysis.calls.next_steps import next_steps_in
from agents.analysis.calls.objections import objections_in
from agents.analysis.calls.word_index import Cue, cue, index_of_texts


def all_cues() -> Iterator[Cue]:
    for module in pkgutil.iter_modules(calls.__path__):
        for value in vars(importlib.import_module(f"{calls.__name__}.{module.name}")).values():
            for it in value if isinstance(value, tuple) else (value,):
                yield from it.patterns if isinstance(it, ObjectionCue) else (it,) if isinstance(it, Cue) else ()


CUES = tuple(dict.fromkeys(all_cues()))


def bundled_sentences() -> list[str]:
    """What is said on the bundled synthetic calls."""
    folder = files("workspace").joinpath("data", "calls")
    scripts = sorted((it for it in folder.iterdir() if it.name.endswith(".txt")), key=lambda it: it.name)
    return [line for script in scripts for line in script.read_text("utf-8").splitlines() if line]


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(CUES).flatmap(lambda it: st.tuples(st.just(it), st.from_regex(it.pattern))))
def test_whatever_a_cue_can_match_is_looked_at(one: tuple[Cue, str]) -> None:
    it, text = one
    index = index_of_texts(["quite something else", text])
    assert 1 in index.lines_with(it)


@pytest.mark.slow
def test_every_sentence_of_the_bundled_calls_that_a_cue_matches_is_looked_at() -> None:
    texts = bundled_sentences()
    index = index_of_texts(texts)
    for it in CUES:
        numbers = index.lines_with(it)
        assert [n for n, text in enumerate(texts) if it.search(text) and n not in numbers] == []


def test_sentences_without_the_words_of_a_cue_are_left_out() -> None:
    texts = ["We hold OFF until May.", "We’ll send it.", "Nobody hears us.", "Hold on, the offer stands."]
    index = index_of_texts(texts)
    postponed, promised = index.lines_with(cue(r"\bhold (?:\w+ )?off\b")), index.lines_with(cue(r"\bwe'll send\b"))
    assert [number for number in range(4) if number in postponed] == [0, 3]
    assert [number for number in range(4) if number in promised] == [1]


def test_a_long_call_is_told_the_same_with_its_words_indexed_and_without(
    converse, monkeypatch: pytest.MonkeyPatch
) -> None:
    speakers = cycle(("sam", "bea", "sue", "bea", "ben"))
    spoken = [(next(speakers), 4.0 * n, 4.0 * n + 3, text) for n, text in enumerate(bundled_sentences()[:600])]
    told = []
    for indexed_from in (1, 10_000):
        monkeypatch.setattr(indexing, "INDEXED_LINES", indexed_from)
        talk = converse(*spoken)
        told.append(
            [objections_in(talk), next_steps_in(talk), prices_in(talk), competitors_in(talk), key_sentences(talk, 6)]
        )
    assert told[0] == told[1]
    assert all(told[0])
