"""A folder of documents that a file server shows, read whole, kept, and read again when it is asked after a while.

Only texts are read (Markdown and plain), at most `MAX_FILES` of them, and nothing that tools keep for themselves.
"""

import logging
import posixpath
from collections.abc import Sequence

import anyio

from agents.analysis.passages import heading_of
from agents.sources import SourceError
from server.downstream.adapters.document import MAX_DOCUMENT_CHARS, Document
from server.downstream.adapters.trouble import as_source_error
from server.downstream.capabilities import Binding
from server.downstream.connection import Connection
from server.downstream.proxy import call_for_text
from server.errors import SophiaError

__all__ = ["FolderShelf"]

logger = logging.getLogger(__name__)

MAX_FILES = 500
FRESH_S = 120.0
ROOTS = "list_allowed_directories"
PATTERN = "**/*.{md,markdown,txt}"
LEFT_OUT = ["**/node_modules/**", "**/.*/**", "**/.*"]
NAMES = (".md", ".markdown", ".txt")


class FolderShelf:
    """`Shelf` over a tool that finds files and one that reads a file."""

    def __init__(self, connection: Connection, folder: Binding, read: Binding) -> None:
        self._connection = connection
        self._folder = folder
        self._read = read
        self._documents: Sequence[Document] = ()
        self._read_at = -FRESH_S
        self._one_at_a_time = anyio.Lock()

    async def about(self, query: str) -> Sequence[Document]:
        """All documents of the folder: which of them matter is for the ranking to say."""
        del query
        async with self._one_at_a_time:
            if anyio.current_time() - self._read_at >= FRESH_S:
                self._documents = await self._all()
                self._read_at = anyio.current_time()
            return self._documents

    async def _all(self) -> Sequence[Document]:
        paths = sorted({path for root in await self._roots() for path in await self._files(root)})
        if len(paths) > MAX_FILES:
            logger.warning(
                "%s shows %d documents; the first %d are read", self._connection.name, len(paths), MAX_FILES
            )
        parents = {posixpath.dirname(path.replace("\\", "/")) for path in paths}
        root = posixpath.commonpath(parents) if parents else ""
        documents: list[Document] = []
        for path in paths[:MAX_FILES]:
            try:
                text = await self._ask(self._read, document=path)
            except SourceError as error:
                if error.kind == "unavailable":
                    raise
                continue
            name = posixpath.relpath(path.replace("\\", "/"), root)
            heading = heading_of(text)
            title = f"{heading} ({name})" if heading else name
            documents.append(Document(title, text[:MAX_DOCUMENT_CHARS]))
        return documents

    async def _roots(self) -> list[str]:
        """The folders that it shows: the one that the operator gave, those it names, or wherever it stands."""
        if (given := self._folder.use.given.get(self._folder.takes("path") or "")) is not None:
            return [str(given)]
        offer = self._connection.offer
        if offer is None or all(tool.name != ROOTS for tool in offer.tools):
            return ["."]
        said = await self._called(ROOTS, {})
        return [line.strip() for line in said.splitlines() if line.strip() and not line.rstrip().endswith(":")]

    async def _files(self, root: str) -> list[str]:
        try:
            said = await self._ask(self._folder, path=root, pattern=PATTERN, excludePatterns=LEFT_OUT)
        except SourceError as error:
            if error.kind == "unavailable":
                raise
            return []
        return [line.strip() for line in said.splitlines() if line.strip().lower().endswith(NAMES)]

    async def _ask(self, binding: Binding, **ours: object) -> str:
        return await self._called(binding.tool.name, binding.arguments(**ours))

    async def _called(self, tool: str, sent: dict[str, object]) -> str:
        try:
            return await call_for_text(self._connection, tool, sent)
        except SophiaError as error:
            raise as_source_error(error) from error
