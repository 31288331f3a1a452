"""A folder of documents that a file server shows, read whole, kept, and read again when it is asked after a while.

Only texts are read (Markdown and plain), at most `MAX_FILES` of them, and nothing that tools keep for themselves. A
question that gives up leaves what it has read to the next one, so that a slow folder is read whole in the end.
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
RESUMABLE_S = 600.0
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
        self._texts: dict[str, str | None] = {}
        self._begun_at = 0.0
        self._read_at = -FRESH_S
        self._one_at_a_time = anyio.Lock()

    async def about(self, query: str) -> Sequence[Document]:
        """All documents of the folder: which of them matter is for the ranking to say."""
        del query
        async with self._one_at_a_time:
            if anyio.current_time() - self._read_at >= FRESH_S:
                if not self._texts or anyio.current_time() - self._begun_at >= RESUMABLE_S:
                    self._texts, self._begun_at = {}, anyio.current_time()
                self._documents = await self._all()
                self._read_at = anyio.current_time()
                self._texts = {}
            return self._documents

    async def _all(self) -> Sequence[Document]:
        paths = sorted({path for root in await self._roots() for path in await self._files(root)})
        if len(paths) > MAX_FILES:
            logger.warning(
                "%s shows %d documents; the first %d are read", self._connection.name, len(paths), MAX_FILES
            )
        documents: list[Document] = []
        root = root_of(paths)
        for path in paths[:MAX_FILES]:
            if path not in self._texts:
                self._texts[path] = await self._text(path)
            text = self._texts[path]
            if text is None:
                continue
            name = name_of(path, root)
            heading = heading_of(text)
            title = f"{heading} ({name})" if heading else name
            documents.append(Document(title, text))
        return documents

    async def _text(self, path: str) -> str | None:
        """None for a file that cannot be read. Raises SourceError where the server is away."""
        try:
            return (await self._ask(self._read, document=path))[:MAX_DOCUMENT_CHARS]
        except SourceError as error:
            if error.kind == "unavailable":
                raise
            return None

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


def root_of(paths: Sequence[str]) -> str | None:
    """The folder that all of them are in; None where there is none, as for some that are relative and some not."""
    parents = {posixpath.dirname(path.replace("\\", "/")) for path in paths}
    try:
        return posixpath.commonpath(parents) if parents else None
    except ValueError:
        return None


def name_of(path: str, root: str | None) -> str:
    plain = path.replace("\\", "/")
    return posixpath.basename(plain) if root is None else posixpath.relpath(plain, root or ".")
