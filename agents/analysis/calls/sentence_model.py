"""A small trained scorer of sentences: weights of phrases, then, where there is context to see, a few shallow trees.

A model is a JSON file in `models/` with its card beside it, read when it is first needed. Scores are log-odds. The
weights say how a sentence sounds by itself; the trees correct that score by what stands around it (`trees` may be
empty). Plain Python over a dict and lists: nothing slow is imported, and a sentence costs microseconds.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["SentenceModel", "Tree", "load_model", "probability", "read_model"]

Tree = tuple[tuple[int, float, int, int], ...]
"""Nodes as (feature, threshold, left, right): left where the value is at most the threshold. A leaf has feature -1
and its value in place of the threshold."""


@dataclass(frozen=True, slots=True)
class SentenceModel:
    """`threshold` parts yes from no on the score of the words, `context_threshold` on the score with the trees'
    correction; below `floor` words alone rule a sentence out and no tree is asked."""

    bias: float
    weights: dict[str, float]
    threshold: float
    trees: tuple[Tree, ...]
    base: float
    context_threshold: float
    floor: float

    def words_score(self, features: Iterable[str]) -> float:
        """The score of a sentence by itself; each feature counts once, in whatever order the set has them."""
        known = self.weights
        return self.bias + math.fsum([known[feature] for feature in set(features) if feature in known])

    def context_score(self, row: Sequence[float]) -> float:
        """The score of a sentence in its place, from the numbers that describe both."""
        score = self.base
        for tree in self.trees:
            feature, value, left, right = tree[0]
            while feature >= 0:
                feature, value, left, right = tree[left if row[feature] <= value else right]
            score += value
        return score


def probability(score: float) -> float:
    """Log-odds as a probability."""
    return 1 / (1 + math.exp(-score))


@cache
def load_model(name: str) -> SentenceModel:
    """The model of that name that ships with the package."""
    return read_model(
        json.loads(files("agents.analysis.calls").joinpath("models", f"{name}.json").read_text("utf-8"))
    )


def read_model(data: dict[str, Any]) -> SentenceModel:
    """A model from its file: weights are whole hundredths, so that the file stays small."""
    return SentenceModel(
        bias=data["bias"],
        weights={feature: weight / 100 for feature, weight in data["weights"].items()},
        threshold=data["threshold"],
        trees=tuple(tuple((node[0], node[1], node[2], node[3]) for node in tree) for tree in data["trees"]),
        base=data["base"],
        context_threshold=data["context_threshold"],
        floor=data["floor"],
    )
