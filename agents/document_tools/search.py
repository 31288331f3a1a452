"""The tool `search_documents`: passages of written knowledge, quoted with the document they stand in."""

from pydantic import BaseModel, ConfigDict, Field

from agents.result import Finding, MessageCitation, Record
from agents.sources import SourceError, Sources
from agents.tool import Observation, Tool

__all__ = ["SEARCH_DOCUMENTS"]

SHOWN = 5
PASSAGE_CHARS = 400


class DocumentParameters(BaseModel):
    """What to look for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    query: str = Field(min_length=1, max_length=500, description="what the passage should be about")


class PassageRow(Record):
    """One passage, whole."""

    title: str
    passage: str
    link: str | None = None


class DocumentData(Record):
    """What was found, best first."""

    query: str
    passages: list[PassageRow]


async def run(sources: Sources, wanted: DocumentParameters) -> Observation:
    if sources.documents is None:
        raise SourceError("unavailable", "No configured server offers documents. Add one to config/downstream.yaml.")
    found = list(await sources.documents.search(wanted.query))[:SHOWN]
    data = DocumentData(
        query=wanted.query, passages=[PassageRow(title=it.title, passage=it.text, link=it.link) for it in found]
    )
    if not found:
        return Observation(f"**No document says anything about “{wanted.query}”.** Try other words.", data)
    citations = tuple(
        MessageCitation(
            id=f"message:document-{place}-{it.title}",
            channel=it.title,
            author="document",
            link=it.link,
            quote=it.text,
        )
        for place, it in enumerate(found)
    )
    lines = [f"- [{it.title}] “{cut(it.text)}”" + (f" {it.link}" if it.link else "") for it in found]
    return Observation(
        text=f"**From the documents, on “{wanted.query}”**\n\n" + "\n".join(lines),
        data=data,
        findings=tuple(
            Finding(
                statement=f"{cited.channel}: “{cut(cited.quote)}”", kind="fact", citations=[cited.id], confidence=1
            )
            for cited in citations
        ),
        citations=citations,
    )


def cut(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= PASSAGE_CHARS else flat[:PASSAGE_CHARS].rsplit(" ", 1)[0] + " …"


SEARCH_DOCUMENTS = Tool(
    name="search_documents",
    description="Finds passages in written knowledge and quotes them with their document.",
    cues=(
        "document",
        "policy",
        "playbook",
        "knowledge base",
        "written down",
        "guideline",
        "what do our documents say",
    ),
    parameters=DocumentParameters,
    data=DocumentData,
    needs="documents",
    run=run,
)
