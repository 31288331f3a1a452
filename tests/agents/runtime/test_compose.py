"""How the answers of members become one answer."""

from agents.models.compose import Said, from_members, headline

LIST = "**24 calls in December**\n\n" + "\n".join(
    f"- call {n}: the customer asked for a lower price" for n in range(80)
)
TABLE = "**$12 revenue**\n\n| Month | Revenue |\n| :-- | --: |\n" + "\n".join(f"| {n} | {n} |" for n in range(300))


def test_a_long_answer_begins_with_the_headline_of_every_member() -> None:
    answer = from_members([Said("Calls", LIST), Said("Deals", "**7 deals won**\n\nHow: counted.")])
    assert answer.startswith(
        "**In short**\n\n- **Calls:** 24 calls in December\n- **Deals:** 7 deals won\n\n## Calls"
    )


def test_a_long_section_ends_between_two_lines_and_says_that_there_is_more() -> None:
    section = from_members([Said("Calls", LIST)])
    assert len(section) < 1_600
    assert section.endswith("lower price\n\nThere is more in the data.")
    assert set(section.splitlines()) <= {"## Calls", "There is more in the data.", *LIST.splitlines()}


def test_no_table_is_cut() -> None:
    assert TABLE in from_members([Said("Deals", TABLE)])


def test_a_heading_of_what_was_cut_is_cut_too() -> None:
    text = f"{'word ' * 270}\n\n**Next steps**\n\n- {'step ' * 30}"
    assert "Next steps" not in from_members([Said("Calls", text)])


def test_members_that_say_the_same_are_credited_together_and_it_is_said_once() -> None:
    answer = from_members([Said("Deals", TABLE), Said("Calls", LIST), Said("Warehouse", TABLE)])
    assert "- **Deals, Warehouse:** $12 revenue" in answer
    assert answer.index("## Deals") < answer.index("## Calls") < answer.index("## Warehouse\n\nThe same as Deals.")
    assert answer.count("| 7 | 7 |") == 1


def test_a_member_that_failed_is_named_in_the_summary() -> None:
    assert "- **Deals:** Could not answer." in from_members([Said("Calls", LIST), Said("Deals", None)])


def test_short_answers_need_no_summary_and_notes_are_said_once() -> None:
    answer = from_members([Said("A", "One.\n\nNotes:\n\n- Synthetic."), Said("B", "Two.\n\nNotes:\n\n- Synthetic.")])
    assert answer == "## A\n\nOne.\n\n## B\n\nTwo.\n\nNotes:\n\n- Synthetic."


def test_a_headline_that_is_too_long_is_what_it_says_in_bold_or_its_beginning() -> None:
    assert headline(f"**Twelve calls** {'and more ' * 40}") == "Twelve calls"
    assert headline("word " * 100).endswith("word …")
