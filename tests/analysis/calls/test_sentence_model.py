"""A trained scorer adds up what it knows of a sentence and lets its surroundings correct that."""

from importlib.resources import files

import pytest

from agents.analysis.calls.sentence_model import load_model, probability, read_model

MODEL = read_model(
    {
        "bias": -1.0,
        "weights": {"why": 250, "because": -50},
        "threshold": 0.0,
        "trees": [[[0, 0.5, 1, 2], [-1, -2.0, 0, 0], [1, 10.0, 3, 4], [-1, 0.25, 0, 0], [-1, 3.0, 0, 0]]],
        "base": 1.0,
        "context_threshold": 0.0,
        "floor": -5.0,
    }
)


def test_each_known_feature_counts_once_and_unknown_ones_not_at_all():
    assert MODEL.words_score(["why", "why", "zebra"]) == pytest.approx(1.5)
    assert MODEL.words_score([]) == -1


@pytest.mark.parametrize(("row", "score"), [((0.5, 99), -1.0), ((0.6, 10), 1.25), ((0.6, 11), 4.0)])
def test_a_tree_goes_left_up_to_its_threshold(row: tuple[float, float], score: float):
    assert MODEL.context_score(row) == score


def test_even_odds_are_one_half():
    assert probability(0) == 0.5


@pytest.mark.parametrize("name", ["questions", "commitments"])
def test_the_models_that_ship_are_small_named_in_their_card_and_read_once(name: str):
    folder = files("agents.analysis.calls").joinpath("models")
    assert len(folder.joinpath(f"{name}.json").read_bytes()) < 300_000
    assert f"{name}.json" in folder.joinpath("README.md").read_text(encoding="utf-8")
    assert load_model(name) is load_model(name)
