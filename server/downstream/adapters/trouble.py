"""How a failure of a server becomes a failure of a source."""

from typing import Literal

from agents.sources import SourceError
from server.errors import DownstreamError, SophiaError

__all__ = ["as_source_error"]


def as_source_error(error: SophiaError, otherwise: Literal["not_found", "refused"]) -> SourceError:
    """A server that is away is `unavailable`; a tool that said no means what the caller says it means."""
    return SourceError("unavailable" if isinstance(error, DownstreamError) else otherwise, error.message)
