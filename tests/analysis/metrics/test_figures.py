"""Which figures in an answer may stand, and what happens to the sentence of one that may not."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.analysis.figures import check

EVIDENCE = [
    "Revenue: $2,802,496 in Q4 2017 against $2,982,255 in Q3 2017",
    json.dumps(
        {
            "now": 2802496.0,
            "before": 2982255.0,
            "win_rate": 0.6025188916876574,
            "groups": [
                {"key": "East", "value": 824853},
                {"key": "West", "value": 989861},
                {"key": "Central", "value": 987782},
            ],
            "talk_s": 192.4,
            "start_ms": 75400,
            "quote": 'We pay 500 dollars a seat, "plus tax".',
            "as_of": "2017-12-31",
        }
    ),
]
REQUEST = "How did the top 5 reps do against 40 calls?"


def kept(prose: str) -> bool:
    checked = check(prose, EVIDENCE, REQUEST)
    assert checked.dropped in {0, 1}
    return checked.text == prose


@pytest.mark.parametrize(
    "prose",
    [
        "Revenue was $2,802,496.",
        "Revenue was $2.8M, or $2.80 million, or 2,802k.",
        "The win rate is 60.25%, about 60% or 0.6.",
        "They talked for 3:12 and the price came up at 01:15.",
        "That is a talk time of 3 minutes.",
        "Revenue fell from $2,982,255 to $2,802,496, by $179,759 or 6.0%.",
        "Revenue was $2,802,496, after $2,982,255. That is $179,759 less.",
        "East and West made $824,853 and $989,861, together $1,814,714.",
        "West made $989,861 of $2,802,496, 35.3% of it.",
        "West, $989,861, made 1.2x of East's $824,853.",
        "There are 3 regions.",
        "The top 5 reps made 40 calls.",
        "On 31 December 2017, in Q4 2017 and since 2016, at 3 pm.",
        "The 1st step, see step 2 and deal 1C1I7A6R.",
        "She said “We pay 500 dollars a seat”.",
        "No figure at all.",
        "## Q4 2017",
    ],
)
def test_a_figure_that_the_evidence_carries_stays(prose: str) -> None:
    assert kept(prose), check(prose, EVIDENCE, REQUEST)


@pytest.mark.parametrize(
    "prose",
    [
        "Revenue was $2.5M.",
        "Revenue was $2,802,497.",
        "The win rate is 61%.",
        "The win rate is 60.3 points of 71%.",
        "Revenue fell from $2,982,255 to $2,802,496, by 9.1%.",
        "There are 17 regions.",
        "They talked for 4:12.",
        "She said “We pay 900 dollars a seat”.",
        "There were 2,017,113 calls in 2017.",
        "## 87 things to know",
        "**We won 4,711 deals. All is well.**",
    ],
)
def test_a_figure_from_nowhere_takes_its_sentence_along(prose: str) -> None:
    assert not kept(prose)


CARRIED = [
    "Sixty percent of deals were won.",
    "About three fifths of the deals were won.",
    "There are three regions.",
    "West led the three.",
    "She said “We pay 500 dollars …”.",
    "She said “we pay … a seat”, which is “expensive”.",
    "One of them asked.",
    "Try asking “What would it take to get there?”",
    "The talk lasted one hundred and ninety-two seconds.",
    "In the first half of the year and the third quarter.",
    "East made 824,853 or 8.24853e5, which is 0xc9615.",
]
INVENTED = [
    "Forty percent of the deals were won.",
    "Two thirds of the deals were lost.",
    "More than half of the team agreed.",
    "Revenue was four million dollars.",
    "Revenue doubled, to twice the plan of eighty-seven.",
    "The win rate is ½.",
    "They spoke Ⅻ times.",
    "Revenue was 1e9.",
    "The key figure is 0x3f.",
    "She said “We will sign tomorrow without any doubt”.",
    'She said "this is the best offer we have seen".',
    "You could say “we were burned before” [01:15 Dana Fox].",
    "It costs 500%.",
    "It costs 500 seconds.",
    "It costs five hundred percent.",
    "The share is $60.25.",
]


@pytest.mark.parametrize("prose", CARRIED)
def test_words_other_digits_and_quotes_pass_where_the_evidence_has_them(prose: str) -> None:
    assert kept(prose), check(prose, [*EVIDENCE, "60.25 % won"], REQUEST)


@pytest.mark.parametrize("prose", INVENTED)
def test_an_invention_in_words_other_digits_units_or_quotes_is_dropped(prose: str) -> None:
    assert check(prose, [*EVIDENCE, "60.25 % won"], REQUEST).dropped == 1


def test_only_the_sentence_of_the_figure_is_dropped_and_counted() -> None:
    checked = check("Revenue was $2,802,496. It will be $3.9M next year. West led with $989,861.", EVIDENCE, REQUEST)
    assert checked.text == "Revenue was $2,802,496. West led with $989,861."
    assert checked.dropped == 1


def test_a_list_loses_the_item_and_a_table_the_row() -> None:
    prose = (
        "- West: $989,861\n- East: $111,111. Sad.\n\n"
        "| Region | Revenue |\n|:--|--:|\n| West | $989,861 |\n| East | $111,111 |\n\nDone."
    )
    checked = check(prose, EVIDENCE, REQUEST)
    assert checked.text == "- West: $989,861\n\n| Region | Revenue |\n|:--|--:|\n| West | $989,861 |\n\nDone."
    assert checked.dropped == 2


def test_a_table_without_rows_goes_with_its_heading() -> None:
    checked = check("Before.\n\n| A | B |\n|--|--|\n| x | 77,777 |\n\nAfter.", EVIDENCE, REQUEST)
    assert checked.text == "Before.\n\nAfter."


def test_numbered_lists_and_references_are_no_figures() -> None:
    prose = "1. West led. [SQL]\n2. East followed. [01:15 Dana Fox]\n10. Central too."
    assert check(prose, EVIDENCE, REQUEST).dropped == 0


def test_a_query_stays_or_goes_whole() -> None:
    prose = "```sql\nSELECT 1\nLIMIT 98765\n```"
    assert check(prose, EVIDENCE, REQUEST).text == ""
    assert check(prose, [*EVIDENCE, "SELECT 1\nLIMIT 98765"], REQUEST).dropped == 0


def test_without_evidence_no_figure_stands_but_the_requests() -> None:
    assert check("You asked for 5. We found 12,345.", [], REQUEST).text == "You asked for 5."


@settings(deadline=None)
@given(st.text(alphabet="a1.,% -\n|“”[]:$", max_size=300))
def test_any_prose_can_be_checked_and_checking_again_changes_nothing(prose: str) -> None:
    once = check(prose, EVIDENCE, REQUEST)
    assert check(once.text, EVIDENCE, REQUEST).text.strip() == once.text.strip()


@pytest.mark.parametrize("piece", ["a", "1", "1,", "a1", "a-1", "“", "in 20", "| 1 "])
def test_long_prose_without_end_does_not_hang(piece: str) -> None:
    check(piece * 20_000, EVIDENCE, REQUEST)
