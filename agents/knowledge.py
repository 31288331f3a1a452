"""The knowledge base of an agent: passages of written knowledge, for a model that asks for them.

Agno offers it to a model as `search_knowledge_base`. Where the passages come from is the configured source's affair:
documents that servers hold, ranked by their words, or an Agno `Knowledge` with a vector store behind it.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from agents.ledger import Entry, Heard, Ledger, SourceFailed
from agents.sources import DocumentSource, Excerpt, SourceError

__all__ = ["AgnoKnowledge", "Retriever", "retriever"]

log = logging.getLogger("sophia.agents")

TOOL = "search_knowledge_base"
PASSAGES = 5

Retriever = Callable[..., Awaitable[list[dict[str, str]]]]


def retriever(source: DocumentSource, ledger: Ledger) -> Retriever:
    """What Agno calls with a model's query. What it gives is on the ledger, so that an answer may rest on it."""

    async def passages(query: str, num_documents: int | None = None, **_: Any) -> list[dict[str, str]]:
        async def ask() -> Entry:
            try:
                found = list(await source.search(query))[: num_documents or PASSAGES]
            except SourceError as error:
                return SourceFailed(TOOL, error.message, error.kind)
            said = [{"title": one.title, "passage": one.text, "link": one.link or ""} for one in found]
            return Heard(TOOL, json.dumps(said, ensure_ascii=False))

        return json.loads(await ledger.record(TOOL, {"query": query}, ask, writes=False))

    return passages


class AgnoKnowledge:
    """`DocumentSource` over an `agno.knowledge.Knowledge`, which `load` makes when the first query comes."""

    def __init__(self, load: Callable[[], Any]) -> None:
        self._load = load
        self._knowledge: Any = None
        self._loading = asyncio.Lock()

    async def search(self, query: str) -> list[Excerpt]:
        """The passages that the vector store finds. Raises SourceError where it cannot be asked."""
        try:
            async with self._loading:
                if self._knowledge is None:
                    self._knowledge = await asyncio.to_thread(self._load)
            found: list[Any] = await asyncio.to_thread(self._knowledge.search, query, max_results=PASSAGES)
        except Exception as error:  # whatever a vector store, its client or the operator's own code meets
            log.exception("the knowledge base failed")
            raise SourceError(
                "unavailable",
                "The configured knowledge base could not be asked. The server's log says why; `knowledge_base` in "
                "agno_integration.yaml names it.",
            ) from error
        return [Excerpt(str(one.name or "document"), str(one.content)) for one in found]
