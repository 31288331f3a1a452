"""The search index."""

from agents.analysis.calls.retrieval import Index


def filled() -> Index[str]:
    index: Index[str] = Index()
    index.add("price", "The price of the card is too high for our budget.")
    index.add("delivery", "The delivery of the cards takes six weeks.")
    index.add("lunch", "We had lunch.")
    return index


def test_what_fits_best_comes_first_and_inflection_does_not_matter():
    hits = filled().search("delivering cards", 5)
    assert [hit.document for hit in hits] == ["delivery", "price"]
    assert set(hits[0].matched) == {"deliver", "card"}


def test_nothing_that_shares_no_word_is_a_hit():
    assert filled().search("security", 5) == []
    assert filled().search("", 5) == []


def test_a_document_added_later_is_found_at_once():
    index = filled()
    index.add("audit", "The security audit is in May.")
    assert [hit.document for hit in index.search("security", 5)] == ["audit"]


def test_a_search_can_be_narrowed_and_is_repeatable():
    index = filled()
    narrowed = index.search("cards", 5, where=lambda name: name != "delivery")
    assert [hit.document for hit in narrowed] == ["price"]
    assert index.search("cards", 5) == index.search("cards", 5)
