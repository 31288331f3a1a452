"""Logistic regression and boosted trees of scikit-learn, turned into the plain numbers that the product reads.

The one edge to scikit-learn, which has no types: what leaves here is floats, dicts and tuples.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from agents.analysis.calls.sentence_model import Tree

__all__ = ["Boosting", "Weighing", "fit_trees", "fit_weights"]

_SEED = 0


@dataclass(frozen=True, slots=True)
class Weighing:
    """How the weights of phrases are found: L2 with inverse strength `c`; features seen in fewer than
    `seen_at_least` sentences, or whose weight stays under `weighs_at_least`, are dropped."""

    c: float
    seen_at_least: int
    weighs_at_least: float


@dataclass(frozen=True, slots=True)
class Boosting:
    """How the trees are grown."""

    trees: int
    leaves: int
    rate: float
    l2: float = 5.0
    leaf_at_least: int = 40


def fit_weights(
    samples: Sequence[Sequence[str]], labels: Sequence[bool], how: Weighing, trust: Sequence[float] | None = None
) -> tuple[float, dict[str, float]]:
    """Bias and weights; `trust` weighs the samples."""
    linear: Any = import_module("sklearn.linear_model")
    sparse: Any = import_module("scipy.sparse")
    seen = Counter(feature for sample in samples for feature in set(sample))
    kept = sorted(feature for feature, count in seen.items() if count >= how.seen_at_least)
    column = {feature: i for i, feature in enumerate(kept)}
    columns: list[int] = []
    ends = [0]
    for sample in samples:
        columns += sorted({column[feature] for feature in sample if feature in column})
        ends.append(len(columns))
    matrix = sparse.csr_matrix(([1.0] * len(columns), columns, ends), shape=(len(samples), len(kept)))
    model = linear.LogisticRegression(C=how.c, solver="liblinear", random_state=_SEED)
    model.fit(matrix, list(labels), sample_weight=trust)
    found = zip(kept, (float(weight) for weight in model.coef_[0]), strict=True)
    weights = {feature: round(weight, 2) for feature, weight in found if abs(weight) >= how.weighs_at_least}
    return round(float(model.intercept_[0]), 4), weights


def fit_trees(
    rows: Sequence[Sequence[float]], labels: Sequence[bool], how: Boosting
) -> tuple[float, tuple[Tree, ...]]:
    """Base score and trees."""
    ensemble: Any = import_module("sklearn.ensemble")
    numpy: Any = import_module("numpy")
    model = ensemble.HistGradientBoostingClassifier(
        max_iter=how.trees,
        max_leaf_nodes=how.leaves,
        learning_rate=how.rate,
        l2_regularization=how.l2,
        min_samples_leaf=how.leaf_at_least,
        early_stopping=False,
        random_state=_SEED,
    ).fit(numpy.array(rows), list(labels))
    grown = [predictors[0].nodes for predictors in model._predictors]
    return round(float(model._baseline_prediction.ravel()[0]), 4), tuple(_tree(nodes) for nodes in grown)


def _tree(nodes: Any) -> Tree:
    return tuple(
        (-1, round(float(node["value"]), 4), 0, 0)
        if node["is_leaf"]
        else (int(node["feature_idx"]), round(float(node["num_threshold"]), 2), int(node["left"]), int(node["right"]))
        for node in nodes
    )
