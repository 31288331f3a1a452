"""How a failure of a server becomes a failure of a source."""

from agents.sources import SourceError
from server.errors import NotThere, SophiaError, SourceFailed

__all__ = ["as_source_error"]


def as_source_error(error: SophiaError) -> SourceError:
    """A server that is away or broke is `unavailable`; only one that says that it lacks a thing makes it `not_found`."""
    if isinstance(error, NotThere):
        return SourceError("not_found", error.message)
    return SourceError("refused" if isinstance(error, SourceFailed) else "unavailable", error.message)
