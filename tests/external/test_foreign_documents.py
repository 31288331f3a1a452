"""A folder of Markdown behind the official file server is a knowledge base: found, ranked and quoted, with no key."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.external

PRICING = "# Discounts\n\nA discount over 15 percent needs the CFO.\n\n## Renewal\n\nRenewals keep their price for a year.\n"


def test_executive_knowledge_quotes_a_document_of_a_folder(
    foreign: Mapping[str, Any], shared_folder: Path, sophia_over: Any
) -> None:
    (shared_folder / "pricing.md").write_text(PRICING, encoding="utf-8")
    with sophia_over({"files": foreign["files"].entry}).wire("modern") as sophia:
        result = sophia.call("executive_knowledge", {"request": "What do our documents say about discounts?"})
    assert not result["isError"], result["content"]
    found = result["structuredContent"]
    assert "A discount over 15 percent needs the CFO." in found["answer"]
    assert any(citation["channel"] == "Discounts (pricing.md)" for citation in found["citations"])
