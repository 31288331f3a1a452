"""The ranking of passages by what is said in them and around them."""

from agents.analysis.calls.query import Query, read_query
from agents.analysis.calls.ranking import Place, Usual, rank
from agents.analysis.calls.retrieval import Index

TALK = (
    ("Sam Seller", "Good morning, how was the journey?"),
    ("Bea Buyer", "The train was late, as always on a Monday morning."),
    ("Sam Seller", "Let us talk about the delivery of the cards, if that suits you."),
    ("Bea Buyer", "Six weeks would be too long for us, the audit is in November."),
    ("Sam Seller", "We could send half of them earlier and the others by sea."),
)


def call(name: str = "one") -> Index[int]:
    index: Index[int] = Index()
    for number, (speaker, text) in enumerate(TALK):
        index.add(number, text, source=name, speaker=speaker)
    return index


def small_talk(index: Index[int], turns: int) -> None:
    for number in range(turns):
        index.add(100 + number, "Nothing in this sentence of small talk carries any weight at all.", source="one")


def test_what_is_said_around_a_passage_counts_for_it():
    index: Index[str] = Index()
    for document, text, source in (
        ("alone", "They asked for the price of it again.", "one"),
        ("beside the delivery", "They asked for the price of it again.", "two"),
        ("delivery", "The delivery of the cards takes six weeks.", "two"),
    ):
        index.add(document, text, source=source)
    scores = {hit.document: hit.score for hit in index.search("price of the delivery", 3)}
    assert scores["beside the delivery"] > scores["alone"]


def test_sources_do_not_hear_each_other():
    together: Index[str] = Index()
    apart: Index[str] = Index()
    for number, text in enumerate(("The price is high.", "The delivery is late.")):
        together.add(text, text, source="one")
        apart.add(text, text, source=number)
    query = "price of the delivery"
    assert together.search(query, 1)[0].score > apart.search(query, 1)[0].score


def test_the_best_of_every_region_comes_before_more_of_the_same():
    index: Index[int] = Index()
    index.add(1, "The delivery of the cards takes six weeks, the delivery is slow.", source="one")
    index.add(2, "The delivery of the cards should take three weeks.", source="one")
    small_talk(index, 20)
    index.add(3, "And delivery to the other site?", source="one")
    assert [hit.document for hit in index.search("delivery", 3)] == [1, 3, 2]


def test_the_words_of_the_person_who_is_named_come_first():
    hits = call().search("What did Bea say about the delivery?", 5)
    assert hits[0].document == 3
    assert call().search("What did Sam Seller say about the delivery?", 5)[0].document == 2


def test_a_passage_that_may_not_be_shown_still_tells_what_its_neighbours_speak_of():
    hits = call().search("audit delivery", 5, where=lambda number: number == 3)
    alone: Index[int] = Index()
    for number, (speaker, text) in enumerate(TALK):
        alone.add(number, text, speaker=speaker)
    assert hits[0].score > alone.search("audit delivery", 5, where=lambda number: number == 3)[0].score


def test_a_word_that_nobody_uses_finds_its_nearest_spelling():
    assert call().search("deliverry", 5)[0].document == 2
    assert call().search("blockchain", 5) == []


def test_letters_spelt_out_are_one_word():
    index: Index[str] = Index()
    index.add("audit", "Do you have the S.O.C. report?")
    assert [hit.document for hit in index.search("SOC report", 3)] == ["audit"]


def test_an_index_kept_elsewhere_is_ranked_by_numbers_alone():
    places = [Place("call", 0, 12, 5, "Sam"), Place("call", 400, 12, 5, "Bea"), Place("other", 0, 3, 1, "Bea")]
    found = {"price": [(0, 1), (1, 1), (2, 1)], "cost": [(1, 1)]}
    usual = Usual(passages=1000, mean_terms=5, having={"price": 90, "cost": 40})
    ranked = rank(Query({"price": 1, "cost": 1}), places, found, usual, 2)
    assert [(it.number, it.matched) for it in ranked] == [(1, ("price", "cost")), (0, ("price",))]


def test_a_question_is_read_for_its_subject_and_whose_words_are_meant():
    names = ("Bea Buyer", "Sam Seller", "Project Manager")
    asked = read_query("What did the customer say about the price?", names)
    assert (list(asked.weights), asked.speakers) == (["pric"], frozenset())
    asked = read_query("Summarize what the Project Manager and Bea Buyer said about delivery times", names)
    assert (list(asked.weights), asked.speakers) == (["deliver", "time"], {"Project Manager", "Bea Buyer"})
    assert read_query("Who mentioned it?", names).empty
    assert read_query("buyer remorse", names).speakers == frozenset()


def test_a_word_that_frames_a_question_counts_for_less_unless_it_is_part_of_the_subject():
    assert read_query("the decision on the price").weights == {"decis": 0.4, "pric": 1.0}
    assert read_query("who is the decision maker").weights == {"decis": 1.0, "maker": 1.0}


def test_candidates_out_of_many_more_are_ranked_by_what_is_usual_there():
    index: Index[str] = Index(Usual(passages=1000, mean_terms=6, having={"card": 900, "audit": 1}))
    index.add("card", "The card is here.")
    index.add("audit", "The audit is here.")
    assert [hit.document for hit in index.search("card audit", 2)] == ["audit", "card"]
    assert index.search("card audit", 2)[0].share > 0.9
