"""The page of examples says what the agents really answer."""

from pathlib import Path

import pytest

from benchmarks.examples import page

PAGE = Path(__file__).parent.parent.parent / "docs" / "agents.md"


@pytest.mark.slow
async def test_every_example_on_the_page_is_the_answer_of_today() -> None:
    assert PAGE.read_text(encoding="utf-8") == await page(), "an answer has changed: `make examples` writes it anew"
