"""Numbers in words: "forty", "two hundred and fifty", "a dozen", "two thirds", "half of", "twice".

A lone "one" is no number: it mostly stands for a thing. Nor is a half or a quarter of a year or of a match.
"""

import re
from collections.abc import Sequence

__all__ = ["SPELLED", "spelled_value"]

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_VALUES = {word: number for number, word in enumerate(_SMALL.split())} | {
    word: 10 * number for number, word in enumerate(_TENS.split(), 2)
}
_SCALES = {"dozen": 12, "hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_PARTS = {"half": 2, "halves": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "tenth": 10}
_TIMES = {"twice": 2.0, "double": 2.0, "doubled": 2.0, "triple": 3.0, "tripled": 3.0}
_WORD = "|".join(sorted([*_VALUES, *_SCALES], key=len, reverse=True))
_SCALE = "|".join(_SCALES)
_PART = "|".join(f"{part}s?" if part != "halves" else part for part in _PARTS)
_MORE = rf"(?:[ -](?:and[ -])?(?:{_WORD}))*"
SPELLED = (
    rf"(?:(?:a|one|two|three|four|six|seven|nine)[ -](?:{_PART})(?=\s+(?:of|as|more|less|the)\b)"
    r"|(?<!first )(?<!second )(?<!other )\bhalf(?=\s+(?:of|as|the|our|their|all)\b)"
    rf"|(?:{'|'.join(_TIMES)})\b"
    rf"|(?:an?[ -](?:{_SCALE})|one[ -](?:{_SCALE}|point|percent|per\s?cent)|(?!one\b)(?:{_WORD})\b){_MORE}"
    rf"(?:\spoint(?:\s(?:{_WORD}))+)?)"
)
"""What a number in words looks like, to be read at the beginning of a word."""


def spelled_value(spoken: str) -> tuple[float, float] | None:
    """The number and half a unit of its last place; None where the words are no number."""
    words = re.split(r"[\s-]+", spoken.lower().strip())
    if words[0] in _TIMES:
        return _TIMES[words[0]], 0.25
    last = words[-1].removesuffix("s") if words[-1] != "halves" else words[-1]
    if last in _PARTS and (len(words) == 1 or words[0] in {"a", *_VALUES}):
        count = 1 if len(words) == 1 or words[0] == "a" else _VALUES[words[0]]
        return count / _PARTS[last], 0.02
    words = [word for word in words if word not in {"percent", "per", "cent"}]
    whole, _, after = " ".join(words).partition(" point ")
    value = _whole(whole.removesuffix(" point").split())
    if value is None or not after:
        return None if value is None else (value, 0.5)
    digits = "".join(str(_VALUES[word]) for word in after.split() if word in _VALUES)
    return (float(f"{value:.0f}.{digits}"), 0.5 * 10.0 ** -len(digits)) if digits else (value, 0.5)


def _whole(words: Sequence[str]) -> float | None:
    total = part = 0
    for word in words:
        if word in _VALUES:
            part += _VALUES[word]
        elif word in ("hundred", "dozen"):
            part = max(1, part) * _SCALES[word]
        elif word in _SCALES:
            total += max(1, part) * _SCALES[word]
            part = 0
        elif word not in {"and", "a", "an"}:
            return None
    return float(total + part)
