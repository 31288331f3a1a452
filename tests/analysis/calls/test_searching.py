"""What a search of calls in memory finds, and what it says it has looked at."""

from dataclasses import replace
from datetime import UTC, date, datetime

from agents.analysis.calls.conversation import Conversation, join
from agents.analysis.calls.searching import found_among, index_of, passages_of
from agents.sources import Call, CallQuery, CallScope, Party, Sentence, Transcript

PARTIES = (Party("1", "Ann Seller", "internal", speaker_id="a"), Party("2", "Bo Buyer", "external", speaker_id="b"))
WORDS = (
    Sentence("a", 0, 4_000, "What about the delivery?"),
    Sentence("b", 5_000, 9_000, "The delivery takes too long."),
    Sentence("a", 9_100, 9_500, "Yeah."),
    Sentence("b", 9_600, 14_000, "We need it before the audit."),
    Sentence("a", 15_000, 19_000, "Then let us talk about dates."),
)
CALL = Call("1", "synthetic", datetime(2017, 5, 1, tzinfo=UTC), 20, PARTIES, account="Acme", synthetic=True)


def talk(call: Call = CALL) -> Conversation:
    return join(call, Transcript(call.id, WORDS))


def test_a_passage_is_a_turn_with_its_place_among_the_sentences() -> None:
    passages = passages_of(talk())
    assert [(p.first, p.last, p.speaker) for p in passages] == [
        (0, 0, "Ann Seller"),
        (1, 3, "Bo Buyer"),
        (4, 4, "Ann Seller"),
    ]
    assert passages[1].text == "The delivery takes too long. We need it before the audit."


def test_the_side_and_the_scope_leave_out_what_is_not_meant() -> None:
    later = replace(CALL, id="2", started=datetime(2017, 6, 1, tzinfo=UTC), account="Initech")
    talks = [talk(), talk(later)]

    def places(query: CallQuery) -> set[tuple[str, int]]:
        index = index_of(found_among([CALL, later], talks, query))
        hits = index.search(query.text, 10, lambda it: query.side in (None, it.side))
        return {(hit.document.call_id, hit.document.first) for hit in hits}

    assert places(CallQuery("deliveries")) == {("1", 0), ("1", 1), ("2", 0), ("2", 1)}
    assert places(CallQuery("delivery", side="external")) == {("1", 1), ("2", 1)}
    assert places(CallQuery("delivery", CallScope(account="acme"))) == {("1", 0), ("1", 1)}
    assert places(CallQuery("delivery", CallScope(to_date=date(2017, 5, 31)), side="internal")) == {("1", 0)}
    assert places(CallQuery("delivery", newest=1)) == {("2", 0), ("2", 1)}


def test_coverage_counts_what_was_looked_at_and_never_a_private_call() -> None:
    private, wordless = replace(CALL, id="2", private=True), replace(CALL, id="3", synthetic=False)
    found = found_among([CALL, private, wordless], [talk(), talk(private)], CallQuery("delivery"))
    assert {passage.call_id for passage in found.passages} == {"1"}
    covered = found.coverage
    assert (covered.calls, covered.searched, covered.private, covered.synthetic) == (2, 1, 1, 1)


def test_a_word_that_nobody_says_finds_the_one_that_is_meant() -> None:
    found = found_among([CALL], [talk()], CallQuery("delivry"))
    assert [hit.matched for hit in index_of(found).search("delivry", 1)] == [("deliver",)]
