"""How people rated answers: the newest rating of each unit for each decision."""

from dataclasses import dataclass

from server.state.database import Database

__all__ = ["Rating", "Ratings"]

KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Rating:
    """One rating; `at` in seconds since 1970."""

    decision_id: str
    unit: str
    score: float
    at: float


class Ratings:
    """The ratings that are kept: the newest `KEPT`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, decision_id: str, unit: str, score: float, at: float) -> None:
        """Keep a rating, in place of what the same unit said of the same decision before."""
        with self._database.transaction() as run:
            run.write(
                "INSERT INTO rating (decision, unit, score, at) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (decision, unit) DO UPDATE SET score = excluded.score, at = excluded.at",
                (decision_id, unit, score, at),
            )
            run.write(
                "DELETE FROM rating WHERE at < (SELECT at FROM rating ORDER BY at DESC LIMIT 1 OFFSET ?)", (KEPT,)
            )

    def of(self, since: float) -> list[Rating]:
        """The ratings since then (seconds since 1970), oldest first."""
        query = "SELECT decision, unit, score, at FROM rating WHERE at >= ? ORDER BY at, decision, unit"
        return [Rating(*row) for row in self._database.read(query, (since,))]
