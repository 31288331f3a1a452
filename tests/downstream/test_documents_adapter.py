"""Written knowledge in the shapes of the public servers. All documents are invented."""

import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from agents.sources import Excerpt, SourceError
from server.downstream.adapters.documents import Documents, Shelf, shelf_of
from server.downstream.capabilities import bind_each
from server.downstream.connection import Connection

Scripted = Any
Held = Callable[[Connection], AbstractAsyncContextManager[Connection]]
Json = dict[str, Any]

PRICING = "# Discounts\n\nA discount over 15 percent needs the CFO.\n\n## Renewal\n\nRenewals keep their price for a year.\n"
RULE = "# Discounts\n\nA discount over 15 percent needs the CFO."
FILES = {
    "/kb/pricing.md": PRICING,
    "/kb/sub/security.txt": "The security review takes ten days.\n",
    "/kb/gone.md": "",
}


def text(said: str) -> Json:
    return {"content": [{"type": "text", "text": said}], "structuredContent": {"content": said}}


def as_json(answer: Any) -> Json:
    return {"content": [{"type": "text", "text": json.dumps(answer)}]}


def search_files(arguments: Mapping[str, Any]) -> Json:
    assert arguments["pattern"] == "**/*.{md,markdown,txt}"
    return text("\n".join(FILES) if arguments["path"] == "/kb" else "No matches found")


def read_text_file(arguments: Mapping[str, Any]) -> Json:
    if not FILES[arguments["path"]]:
        return {"isError": True, "content": [{"type": "text", "text": "ENOENT: no such file or directory"}]}
    return text(FILES[arguments["path"]])


def notion_search(arguments: Mapping[str, Any]) -> Json:
    assert arguments["query"] == "discount"
    results = [
        {"id": "p1", "title": "Pricing", "url": "https://notion.example/p1", "type": "page", "highlight": "…"},
        {"id": "gone", "title": "Old", "url": "https://notion.example/gone", "type": "page"},
    ]
    return as_json({"results": results, "type": "workspace_search"})


def notion_fetch(arguments: Mapping[str, Any]) -> Json:
    if arguments["id"] == "gone":
        return {"isError": True, "content": [{"type": "text", "text": '{"code":"object_not_found"}'}]}
    page = f'Here is the result\n<page url="x">\n<ancestor-path></ancestor-path>\n<content>\n{PRICING}\n</content>\n</page>'
    return as_json({"metadata": {}, "title": "Pricing", "url": "https://notion.example/p1", "text": page})


def notion_npm_search(arguments: Mapping[str, Any]) -> Json:
    """It searches titles, and no title holds the word."""
    title = {"Name": {"type": "title", "title": [{"plain_text": "Pricing"}]}}
    page = {"object": "page", "id": "p1", "url": "https://notion.example/p1", "properties": title}
    return as_json(
        {"object": "list", "results": [] if arguments.get("query") else [page, {"object": "data_source", "id": "d"}]}
    )


def linear_documents(arguments: Mapping[str, Any]) -> Json:
    assert arguments["query"] == "discount"
    return as_json([{"id": "p1", "title": "Pricing", "url": "https://linear.example/p1"}])


SERVERS = {
    "folder": {
        "search_files": (("path", "pattern", "excludePatterns"), search_files),
        "read_text_file": (("path", "tail", "head"), read_text_file),
        "list_allowed_directories": ((), lambda _: text("Allowed directories:\n/kb\n/other")),
    },
    "notion": {"notion-search": (("query",), notion_search), "notion-fetch": (("id",), notion_fetch)},
    "notion npm": {
        "API-post-search": (("query", "page_size"), notion_npm_search),
        "API-retrieve-page-markdown": (("page_id",), lambda _: as_json({"object": "page_markdown", "markdown": PRICING})),
    },
    "linear": {
        "list_documents": (("query", "limit"), linear_documents),
        "get_document": (("id",), lambda _: as_json({"id": "p1", "title": "Pricing", "content": PRICING, "url": "https://linear.example/p1"})),
    },
}  # fmt: skip
LINKS = {
    "notion": "https://notion.example/p1",
    "notion npm": "https://notion.example/p1",
    "linear": "https://linear.example/p1",
}


@asynccontextmanager
async def documents_of(
    scripted: Scripted, held: Held, tools: Mapping[str, Any], *others: Shelf
) -> AsyncGenerator[Documents, None]:
    scripted.is_like(tools)
    async with held(scripted.connection()) as connection:
        assert connection.offer is not None
        shelf = shelf_of(connection, bind_each({"kb": connection.offer}, {})["kb"])
        assert shelf is not None
        yield Documents([*others, shelf])


@pytest.mark.parametrize("server", SERVERS)
async def test_the_passage_that_speaks_of_it_is_found_word_for_word(
    server: str, scripted: Scripted, held: Held
) -> None:
    async with documents_of(scripted, held, SERVERS[server]) as documents:
        best, *_ = await documents.search("discount")
    title = "Discounts (pricing.md)" if server == "folder" else "Pricing"
    assert best == Excerpt(title, RULE, LINKS.get(server))


async def test_a_folder_is_read_once_for_many_questions(scripted: Scripted, held: Held) -> None:
    async with documents_of(scripted, held, SERVERS["folder"]) as documents:
        assert [it.title for it in await documents.search("security review")] == ["sub/security.txt"]
        assert next(it.text for it in await documents.search("renewal price")).startswith("## Renewal")
        assert not await documents.search("parental leave")
    assert len(scripted.asked("search_files")) == 2
    assert len(scripted.asked("read_text_file")) == len(FILES)


async def test_a_page_is_read_once_for_many_questions(scripted: Scripted, held: Held) -> None:
    async with documents_of(scripted, held, SERVERS["linear"]) as documents:
        await documents.search("discount")
        await documents.search("discount")
    assert len(scripted.asked("get_document")) == 1


class Away:
    async def about(self, query: str) -> Any:
        raise SourceError("unavailable", "The server `notion` is away.")


async def test_a_server_that_is_away_costs_its_own_documents_only(scripted: Scripted, held: Held) -> None:
    async with documents_of(scripted, held, SERVERS["folder"], Away()) as documents:
        assert await documents.search("discount")
    with pytest.raises(SourceError, match="is away"):
        await Documents([Away()]).search("discount")


async def test_a_question_that_gives_up_leaves_what_it_read_to_the_next(scripted: Scripted, held: Held) -> None:
    async with documents_of(scripted, held, SERVERS["folder"]) as documents:
        answer = scripted.answers["tools/call"]
        scripted.answers["tools/call"] = lambda params: (
            {"content": 5} if params["arguments"].get("path") == "/kb/sub/security.txt" else answer(params)
        )
        with pytest.raises(SourceError):
            await documents.search("discount")
        scripted.answers["tools/call"] = answer
        assert await documents.search("discount")
    asked = [arguments["path"] for arguments in scripted.asked("read_text_file")]
    assert asked.count("/kb/pricing.md") == 1
    assert asked.count("/kb/sub/security.txt") == 2


async def test_paths_with_no_folder_in_common_are_read_all_the_same(
    scripted: Scripted, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FILES, "notes/plans.md", "The launch is in spring.")
    async with documents_of(scripted, held, SERVERS["folder"]) as documents:
        assert [it.title for it in await documents.search("launch")] == ["plans.md"]
        assert [it.title for it in await documents.search("security review")] == ["security.txt"]


class Broken:
    async def about(self, query: str) -> Any:
        raise ValueError("Can't mix absolute and relative paths")


async def test_a_server_that_breaks_costs_its_own_documents_only(scripted: Scripted, held: Held) -> None:
    async with documents_of(scripted, held, SERVERS["folder"], Broken()) as documents:
        assert await documents.search("discount")
    with pytest.raises(SourceError, match="could not be read"):
        await Documents([Broken()]).search("discount")
