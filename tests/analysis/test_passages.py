"""Documents in passages: each can be read by itself and stands in the document word for word."""

from agents.analysis.passages import PASSAGE_CHARS, heading_of, passages_of


def test_each_section_is_a_passage_with_its_heading() -> None:
    text = "Before.\n\n# Discounts\n\nOver 15 % needs the CFO.\n\n## Empty\n\n## Renewal\nPrices stay.\n"
    assert passages_of(text) == ("Before.", "# Discounts\n\nOver 15 % needs the CFO.", "## Renewal\nPrices stay.")
    assert heading_of(text) == "Discounts"


def test_a_long_section_is_cut_between_paragraphs_and_loses_nothing() -> None:
    paragraphs = [f"Paragraph {number} " + "word " * 60 for number in range(30)]
    text = "\n\n".join(paragraphs)
    found = passages_of(text)
    assert all(passage in text and len(passage) <= PASSAGE_CHARS for passage in found)
    assert " ".join(" ".join(found).split()) == " ".join(text.split())


def test_a_text_without_any_break_is_cut_all_the_same() -> None:
    found = passages_of("x" * (2 * PASSAGE_CHARS + 1))
    assert [len(passage) for passage in found] == [PASSAGE_CHARS, PASSAGE_CHARS, 1]
    assert passages_of("") == ()
    assert heading_of("no heading") is None
