"""A document as servers give it."""

from dataclasses import dataclass

__all__ = ["MAX_DOCUMENT_CHARS", "Document"]

MAX_DOCUMENT_CHARS = 200_000
"""What stands further on in a document is not searched."""


@dataclass(frozen=True, slots=True)
class Document:
    """One document, as far as it is searched. `link` leads to it where it can be opened."""

    title: str
    text: str
    link: str | None = None
