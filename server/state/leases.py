"""Who does what only one process shall do, for a time: a holder that dies is followed when its time is up.

Time is the database's, so machines whose clocks differ agree on it. A lease says who starts; what a late holder still
does must be safe, as an append of a policy version is.
"""

from server.state.database import Database

__all__ = ["Leases"]


class Leases:
    """The leases, by name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, name: str, holder: str, ttl_s: float) -> bool:
        """Take or prolong a lease from now on; whether `holder` has it. Another's that has not ended is left alone.

        One that ends later than this one would was written under a clock that ran ahead, and is taken over.
        """
        with self._database.transaction() as run:
            taken = run.write(
                "INSERT INTO lease (name, holder, until) VALUES (?, ?, now_s() + ?) "
                "ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until "
                "WHERE lease.holder = excluded.holder OR lease.until <= now_s() OR lease.until > excluded.until",
                (name, holder, float(ttl_s)),
            )
        return taken == 1

    def release(self, name: str, holder: str) -> None:
        """Give a lease back, if `holder` has it."""
        with self._database.transaction() as run:
            run.write("DELETE FROM lease WHERE name = ? AND holder = ?", (name, holder))
