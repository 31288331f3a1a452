"""Pages that a server finds and reads one by one: Notion's two servers, and Linear's documents.

The server's own search says which pages may matter; those are read and kept for a while. Notion's npm server searches
titles only, so where it finds little the pages edited last are read too.
"""

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, cast

import anyio

from agents.sources import SourceError
from server.downstream.adapters.document import MAX_DOCUMENT_CHARS, Document
from server.downstream.adapters.trouble import as_source_error
from server.downstream.capabilities import Binding
from server.downstream.connection import Connection
from server.downstream.proxy import Answer, call_for_answer
from server.errors import SophiaError

__all__ = ["PageShelf"]

READ_AT_MOST = 10
FEW = 3
KEPT = 500
FRESH_S = 300.0
LISTS = ("results", "documents", "pages", "nodes")
TEXTS = ("markdown", "content", "text", "body", "description")
CONTENT = re.compile(r"<content>\n?(.*?)\n?</content>", re.DOTALL)
TITLE_SEARCH = frozenset({"API-post-search"})
"""Tools that search titles only, and list everything, newest first, without a query."""


class PageShelf:
    """`Shelf` over a tool that searches and one that reads."""

    def __init__(self, connection: Connection, search: Binding, read: Binding) -> None:
        self._connection = connection
        self._search = search
        self._read = read
        self._kept: OrderedDict[str, tuple[float, Document]] = OrderedDict()

    async def about(self, query: str) -> Sequence[Document]:
        """The pages that the server finds, read."""
        hits = await self._hits(query)
        if len(hits) < FEW and self._search.tool.name in TITLE_SEARCH:
            hits |= await self._hits(None)
        documents: list[Document] = []
        for page_id, hit in list(hits.items())[:READ_AT_MOST]:
            try:
                documents.append(await self._document(page_id, hit))
            except SourceError as error:
                if error.kind == "unavailable":
                    raise
        return documents

    async def _hits(self, query: str | None) -> dict[str, Mapping[str, Any]]:
        answer = await self._ask(self._search, self._search.arguments(query=query, limit=READ_AT_MOST))
        found = (item for item in _items(answer.json) if item.get("object", "page") == "page")
        return {str(page_id): item for item in found if (page_id := item.get("id") or item.get("url"))}

    async def _document(self, page_id: str, hit: Mapping[str, Any]) -> Document:
        kept = self._kept.get(page_id)
        if kept is not None and anyio.current_time() - kept[0] < FRESH_S:
            return kept[1]
        answer = await self._ask(self._read, self._read.arguments(document=page_id))
        document = _document_of(answer, hit)
        self._kept[page_id] = (anyio.current_time(), document)
        self._kept.move_to_end(page_id)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return document

    async def _ask(self, binding: Binding, sent: Mapping[str, Any]) -> Answer:
        try:
            return await call_for_answer(self._connection, binding.tool.name, sent)
        except SophiaError as error:
            raise as_source_error(error) from error


def _items(found: object) -> list[Mapping[str, Any]]:
    listed: Any = found
    if isinstance(found, dict):
        given = cast("dict[str, Any]", found)
        listed = next((given[key] for key in LISTS if isinstance(given.get(key), list)), None)
    items = cast("list[Any]", listed) if isinstance(listed, list) else []
    return [cast("Mapping[str, Any]", item) for item in items if isinstance(item, dict)]


def _document_of(answer: Answer, hit: Mapping[str, Any]) -> Document:
    given: Mapping[str, Any] = cast("dict[str, Any]", answer.json) if isinstance(answer.json, dict) else {}
    text = next((str(given[key]) for key in TEXTS if isinstance(given.get(key), str)), answer.text)
    content = CONTENT.search(text)
    title = _title(given) or _title(hit) or "Untitled"
    link = given.get("url") or hit.get("url")
    return Document(title, (content[1] if content else text)[:MAX_DOCUMENT_CHARS], str(link) if link else None)


def _title(item: Mapping[str, Any]) -> str | None:
    """A title of its own, or Notion's property of that type."""
    title: Any = item.get("title")
    if isinstance(title, str) and title:
        return title
    properties: Any = item.get("properties")
    if not isinstance(properties, dict):
        return None
    for value in cast("dict[str, Any]", properties).values():
        parts: Any = cast("dict[str, Any]", value).get("title") if isinstance(value, dict) else None
        if isinstance(parts, list):
            return "".join(str(part.get("plain_text") or "") for part in cast("list[Any]", parts)) or None
    return None
