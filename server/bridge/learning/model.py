"""A linear model of one number, learned a call at a time: ridge regression that forgets slowly.

Some hundred numbers, whatever it has seen. What it saw `1 / (1 - KEPT)` calls ago counts for a third.
"""

from collections.abc import Sequence

__all__ = ["Ridge"]

RIDGE = 1.0
KEPT = 0.999
SOLVE_EVERY = 8


class Ridge:
    """Minimises the squared error over what it saw, plus `RIDGE` times the squared weights."""

    def __init__(self, size: int, before: float) -> None:
        """`before`: what it says as long as it has seen nothing."""
        self.seen = 0
        self._before = before
        self._products = [[0.0] * size for _ in range(size)]
        self._sums = [0.0] * size
        self._weights = [0.0] * size

    def says(self, values: Sequence[float]) -> float:
        """What it expects."""
        return self._before + sum(w * value for w, value in zip(self._weights, values, strict=True) if value)

    def learn(self, values: Sequence[float], number: float) -> None:
        """See what came of it."""
        self.seen += 1
        for row, products in enumerate(self._products):
            scale = values[row]
            for column in range(row + 1):
                products[column] = KEPT * products[column] + scale * values[column]
            self._sums[row] = KEPT * self._sums[row] + scale * (number - self._before)
        if self.seen % SOLVE_EVERY == 0:
            self._weights = _solved(self._products, self._sums)


def _solved(products: Sequence[Sequence[float]], sums: Sequence[float]) -> list[float]:
    """By Cholesky: with the ridge the matrix is positive definite whatever was seen. The lower half of it is read."""
    size = len(sums)
    lower = [[0.0] * size for _ in range(size)]
    for row in range(size):
        for column in range(row + 1):
            rest = products[row][column] + (RIDGE if row == column else 0.0)
            rest -= sum(a * b for a, b in zip(lower[row][:column], lower[column][:column], strict=True))
            lower[row][column] = rest**0.5 if row == column else rest / lower[column][column]
    forward = [0.0] * size
    for row in range(size):
        known = sum(lower[row][column] * forward[column] for column in range(row))
        forward[row] = (sums[row] - known) / lower[row][row]
    weights = [0.0] * size
    for row in reversed(range(size)):
        known = sum(lower[column][row] * weights[column] for column in range(row + 1, size))
        weights[row] = (forward[row] - known) / lower[row][row]
    return weights
