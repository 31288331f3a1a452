"""The last good catalog of each downstream server, so that a start has a list before anything is connected."""

from collections.abc import Mapping
from typing import Any

from server.state.database import Database, as_object, as_text

__all__ = ["Catalogs"]


class Catalogs:
    """What each server offered last, under the configuration that it had then."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self, server: str, digest: str) -> Mapping[str, Any] | None:
        """The last good catalog of a server under this configuration, or None if it was never seen."""
        rows = self._database.read("SELECT content FROM catalog WHERE server = ? AND digest = ?", (server, digest))
        return as_object(rows[0][0]) if rows else None

    def save(self, server: str, digest: str, content: Mapping[str, Any]) -> None:
        """Keep this catalog and forget those of the server's earlier configurations."""
        with self._database.transaction() as run:
            run.write("DELETE FROM catalog WHERE server = ? AND digest <> ?", (server, digest))
            run.write(
                "INSERT INTO catalog (server, digest, saved_at, content) VALUES (?, ?, now_s(), ?) "
                "ON CONFLICT (server, digest) DO UPDATE SET saved_at = excluded.saved_at, content = excluded.content",
                (server, digest, as_text(content)),
            )
