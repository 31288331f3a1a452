"""A knowledge base of Agno's own: a real `Knowledge` over a vector store that ranks by shared words."""

from typing import Any

import pytest
from agno.knowledge.document import Document
from agno.knowledge.knowledge import Knowledge
from agno.vectordb.base import VectorDb

from agents.knowledge import AgnoKnowledge
from agents.sources import SourceError

PASSAGES = ("The floor for GTX Pro is 4,371 dollars.", "Returns are taken within thirty days.")


class WordStore(VectorDb):
    """Finds documents by the words they share with a query; what a vector store does besides is not asked of it."""

    def search(self, query: str, limit: int = 5, filters: Any = None, **_: Any) -> list[Document]:
        wanted = set(query.lower().split())
        found = [Document(content=text, name="policy") for text in PASSAGES if wanted & set(text.lower().split())]
        return found[:limit]

    def exists(self) -> bool:
        return True

    def get_supported_search_types(self) -> list[str]:
        return ["keyword"]


def unasked(name: str) -> Any:
    def unused(*_: Any, **__: Any) -> None:
        raise AssertionError(name)

    return unused


for _name in WordStore.__abstractmethods__:
    setattr(WordStore, _name, unasked(_name))
WordStore.__abstractmethods__ = frozenset()


async def test_passages_come_from_a_vector_store_that_is_made_when_it_is_first_asked() -> None:
    made: list[Knowledge] = []

    def load() -> Knowledge:
        made.append(Knowledge(vector_db=WordStore()))
        return made[-1]

    knowledge = AgnoKnowledge(load)
    assert made == []
    assert [one.text for one in await knowledge.search("what is the floor")] == [PASSAGES[0]]
    assert [one.title for one in await knowledge.search("returns")] == ["policy"]
    assert len(made) == 1


async def test_a_knowledge_base_that_cannot_be_made_is_said_without_its_own_words() -> None:
    def load() -> Knowledge:
        raise RuntimeError("postgres://me:secret@db")

    with pytest.raises(SourceError, match="knowledge_base") as raised:
        await AgnoKnowledge(load).search("floor")
    assert "secret" not in raised.value.message
