"""Written knowledge over MCP: pages of Notion and Linear, and a folder of Markdown that a file server shows.

Every server that has documents is a shelf of its own, and all shelves are asked. What they give is cut into passages
and ranked together, by what the passages say and not by the order in which a server gave them. A shelf that fails
costs its own documents; only when all fail does the search.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Protocol

import anyio

from agents.analysis.calls.retrieval import Index
from agents.analysis.passages import passages_of
from agents.sources import Excerpt, SourceError
from server.downstream.adapters.document import Document
from server.downstream.adapters.folder import FolderShelf
from server.downstream.adapters.pages import PageShelf
from server.downstream.capabilities import Binding, Capability
from server.downstream.connection import Connection

__all__ = ["Documents", "Shelf", "shelf_of"]

logger = logging.getLogger(__name__)

FOUND = 10


class Shelf(Protocol):
    """The documents of one server."""

    async def about(self, query: str) -> Sequence[Document]:
        """Documents that may speak of it; a shelf that keeps all of its own gives all. Raises SourceError."""
        ...


class Documents:
    """`agents.sources.DocumentSource` over shelves."""

    def __init__(self, shelves: Sequence[Shelf]) -> None:
        self._shelves = shelves

    async def search(self, query: str) -> Sequence[Excerpt]:
        """Passages that match, best first."""
        found: list[Sequence[Document]] = [()] * len(self._shelves)
        failed: list[SourceError] = []

        async def ask(place: int, shelf: Shelf) -> None:
            try:
                found[place] = await shelf.about(query)
            except SourceError as error:
                logger.warning("documents could not be searched: %s", error.message)
                failed.append(error)
            except Exception:  # what one server's answer leads to must not cost the documents of the others
                logger.exception("documents could not be searched")
                failed.append(SourceError("unavailable", "The documents could not be read; Sophia's log has why."))

        async with anyio.create_task_group() as tasks:
            for place, shelf in enumerate(self._shelves):
                tasks.start_soon(ask, place, shelf)
        if failed and len(failed) == len(self._shelves):
            raise failed[0]
        index: Index[Excerpt] = Index()
        for document in (document for documents in found for document in documents):
            for text in passages_of(document.text):
                index.add(Excerpt(document.title, text, document.link), f"{document.title}\n{text}", source=document)
        return [hit.document for hit in index.search(query, FOUND)]


def shelf_of(connection: Connection, bound: Mapping[Capability, Binding]) -> Shelf | None:
    """The shelf that a server's tools make, None where it has no documents."""
    read = bound.get("documents.read")
    if read is None:
        return None
    if (search := bound.get("documents.search")) is not None:
        return PageShelf(connection, search, read)
    if (folder := bound.get("documents.folder")) is not None:
        return FolderShelf(connection, folder, read)
    return None
