"""The text form of hand-written calls."""

import pytest

from workspace.gong.script import ScriptError, read_script, spoken_ms

HEAD = """\
call: 1
title: A call (synthetic)
started: 2017-09-06T15:00:00Z
account: Acme Corporation
party: Cassey Cress | Account Executive | internal
party: Dana Whitlock | Director | external
party: Owen Park | Analyst | external | silent
"""


def test_a_sentence_lasts_as_long_as_its_text_takes_to_say() -> None:
    script = read_script(f"{HEAD}\n[00:02.0] Cassey: Hello there.\n[00:30.5] Dana: Hi.\n")
    assert [(line.start_ms, line.end_ms) for line in script.lines] == [
        (2_000, 2_000 + spoken_ms("Hello there.")),
        (30_500, 30_500 + spoken_ms("Hi.")),
    ]


def test_the_next_sentence_ends_the_one_before_it() -> None:
    script = read_script(
        f"{HEAD}\n[00:02.0] Cassey: A sentence that is far too long for the gap.\n[00:03.0] Dana: Stop.\n"
    )
    assert script.lines[0].end_ms == 3_000


def test_a_line_marked_as_talking_over_does_not_end_the_one_before_it() -> None:
    text = "A sentence that goes on for quite a while."
    script = read_script(f"{HEAD}\n[00:02.0] Cassey: {text}\n[00:03.0~] Dana: Mm-hm.\n[00:20.0] Cassey: Right.\n")
    assert script.lines[0].end_ms == 2_000 + spoken_ms(text)
    assert script.lines[1].start_ms < script.lines[0].end_ms


def test_nobody_talks_over_himself() -> None:
    script = read_script(f"{HEAD}\n[00:02.0] Cassey: A sentence that goes on and on.\n[00:03.0~] Cassey: And on.\n")
    assert script.lines[0].end_ms == 3_000


def test_the_duration_is_the_last_word_and_two_seconds() -> None:
    script = read_script(f"{HEAD}\n[00:02.0] Cassey: Bye.\n")
    assert script.duration_s == (2_000 + spoken_ms("Bye.")) // 1000 + 2


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (f"{HEAD}\n[00:02] Cassey: Hi.\n", "sentence line 1"),
        (f"{HEAD}\n[00:02.0] Zoe: Hi.\n", "of a party"),
        (f"{HEAD}\n[00:05.0] Cassey: Hi.\n[00:02.0] Dana: Hi.\n", "starts later"),
        (HEAD, "duration"),
        ("title: x\n\n[00:02.0] Cassey: Hi.\n", "of a party"),
        (HEAD.replace("internal", "inside") + "\n", "internal or external"),
        (HEAD.replace("call: 1\n", "") + "\n[00:02.0] Cassey: Hi.\n", "'call'"),
    ],
)
def test_a_broken_script_says_where(text: str, complaint: str) -> None:
    with pytest.raises(ScriptError, match=complaint):
        read_script(text)
