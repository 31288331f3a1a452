"""Objections, next steps, prices, rivals: found where they are, and left alone where they are not."""

from agents.analysis.calls.competitors import competitors_in
from agents.analysis.calls.key_sentences import key_sentences
from agents.analysis.calls.money import prices_in
from agents.analysis.calls.next_steps import closes_with_step, next_steps_in
from agents.analysis.calls.objections import objections_in


def test_an_objection_comes_with_the_reply_and_what_the_reply_did(converse):
    talk = converse(
        ("bea", 0, 4, "Honestly, that's too expensive for us."),
        ("sam", 5, 7, "That's a fair point."),
        ("sam", 7, 10, "What did you have in mind?"),
    )
    (objection,) = objections_in(talk)
    assert objection.type == "price"
    assert objection.handled == ("acknowledged", "asked")
    assert objection.pause_ms == 1000
    assert objection.confidence < 1


def test_an_objection_nobody_takes_up_is_ignored(converse):
    talk = converse(("bea", 0, 4, "We have to hold off until January."), ("sam", 5, 6, "Okay."))
    (objection,) = objections_in(talk)
    assert (objection.type, objection.handled) == ("timing", ("ignored",))


def test_the_sellers_own_words_are_no_objection(converse):
    assert objections_in(converse(("sam", 0, 4, "Some say it is too expensive."))) == ()


def test_worry_turned_round_is_no_objection(converse):
    assert objections_in(converse(("bea", 0, 4, "The price is not a problem for us."))) == ()


def test_one_moment_in_several_sentences_is_one_objection(converse):
    talk = converse(
        ("bea", 0, 3, "The price is too high."),
        ("bea", 3, 6, "It's over our budget."),
        ("sam", 7, 9, "I see, thanks."),
    )
    (objection,) = objections_in(talk)
    assert len(objection.lines) == 2


def test_a_promise_has_owner_action_and_date(converse):
    talk = converse(
        ("bea", 0, 90, "We talk about many things here."),
        ("sam", 95, 98, "I'll send the proposal by Friday."),
        ("bea", 98, 99, "Sounds good."),
    )
    (step,) = next_steps_in(talk)
    assert (step.owner, step.action) == ("Sam Seller", "send the proposal by Friday")
    assert step.due is not None
    assert step.due.day.isoformat() == "2017-10-06"
    assert step.agreed is not None
    assert step.closing


def test_a_request_belongs_to_the_one_who_is_asked(converse):
    talk = converse(
        ("ben", 0, 2, "I am the boss here."),
        ("bea", 2, 4, "And I buy."),
        ("sam", 5, 8, "Ben, could you send me the floor plan?"),
    )
    (step,) = next_steps_in(talk)
    assert step.owner == "Ben Boss"


def test_politeness_and_the_past_are_no_next_steps(converse):
    talk = converse(
        ("sam", 0, 2, "I'll be honest with you."),
        ("sam", 2, 4, "Let me share my screen."),
        ("sam", 4, 6, "We sent it on Monday."),
        ("sam", 6, 8, "If we had a rental, we would start on Friday."),
    )
    assert next_steps_in(talk) == ()


def test_a_call_that_ends_without_a_step_is_told_from_one_that_closes(converse):
    early = converse(("sam", 0, 5, "I'll send the proposal by Friday."), ("bea", 100, 200, "Then we just chatted."))
    assert not closes_with_step(early, next_steps_in(early))


def test_amounts_are_read_as_said_and_as_numbers(converse):
    talk = converse(
        ("sam", 0, 2, "The list price is $4,821 per unit."),
        ("bea", 2, 4, "They are at 4,300."),
        ("bea", 4, 6, "We have fifty thousand dollars in the budget."),
        ("sam", 6, 8, "I can take ten percent off."),
        ("bea", 8, 9, "We have 12,000 users and twenty five million cells."),
    )
    found = [(mention.kind, mention.value, mention.per) for mention in prices_in(talk)]
    assert found == [
        ("amount", 4821, "per unit"),
        ("amount", 4300, None),
        ("amount", 50_000, None),
        ("discount", 10, None),
    ]


def test_a_rival_is_found_where_rivals_stand_and_then_everywhere(converse):
    talk = converse(
        ("bea", 0, 3, "We are also looking at Corvanta."),
        ("sam", 3, 5, "What do you like about them?"),
        ("bea", 5, 8, "With Corvanta nobody ran our model."),
    )
    (rival,) = competitors_in(talk)
    assert rival.name == "Corvanta"
    assert len(rival.lines) == 2


def test_people_accounts_and_sentence_openers_are_no_rivals(converse):
    talk = converse(
        ("bea", 0, 3, "We are talking to Ben about it."),
        ("bea", 3, 5, "Mostly price."),
        ("bea", 5, 6, "Compared to Acme we are small."),
        ("bea", 6, 7, "We are looking at January."),
    )
    assert competitors_in(talk) == ()


def test_the_name_that_answers_who_it_was_is_a_rival(converse):
    talk = converse(
        ("bea", 0, 3, "The last supplier took six weeks."),
        ("sam", 3, 5, "Who was the last supplier?"),
        ("bea", 5, 6, "Ostrum."),
    )
    assert [rival.name for rival in competitors_in(talk)] == ["Ostrum"]


def test_key_sentences_are_the_calls_own_in_order_without_small_talk_and_questions(converse):
    talk = converse(
        ("sam", 0, 5, "Thanks so much for joining us on this lovely day today."),
        ("bea", 6, 12, "Our biggest problem is that the simulation takes fourteen hours."),
        ("sam", 13, 18, "And what happens to the people who wait for that result?"),
        ("bea", 19, 25, "Every failed simulation costs the team around two days of work."),
    )
    lines = key_sentences(talk, 4)
    assert [line.number for line in lines] == [1, 3]
