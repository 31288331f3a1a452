"""Keyword trackers: which sentences contain which phrases. Whole words, upper and lower case alike.

Competitors are the invented ones of the bundled calls; an imported set brings Gong's own trackers in
`content.trackers`, which are served as they came.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from workspace.gong.call import Sentence

__all__ = ["COMPETITORS", "NEXT_STEPS", "OBJECTIONS", "PAIN_POINTS", "TOPICS", "TRACKERS", "Hit", "Tracker", "money"]


@dataclass(frozen=True, slots=True)
class Hit:
    """A sentence and the phrase of the tracker that it contains, as the tracker spells it."""

    sentence: Sentence
    phrase: str


class Tracker:
    """A named list of phrases. A phrase may end in `*`: any ending."""

    def __init__(self, name: str, phrases: Sequence[str]) -> None:
        self.name = name
        self.phrases = tuple(phrases)
        self._patterns = [(phrase, _pattern([phrase])) for phrase in phrases]
        self._any = _pattern(phrases)

    def hits(self, sentences: Sequence[Sentence]) -> Iterator[Hit]:
        """Every phrase of every sentence, in order of time; a phrase counts once a sentence."""
        for sentence in sentences:
            if self._any.search(sentence.text):  # most sentences hold none: one look instead of twenty
                yield from (Hit(sentence, phrase) for phrase, found in self._patterns if found.search(sentence.text))


def _pattern(phrases: Sequence[str]) -> re.Pattern[str]:
    words = (re.escape(phrase.removesuffix("*")) + (r"\w*" if phrase.endswith("*") else "") for phrase in phrases)
    return re.compile(rf"\b(?:{'|'.join(words)})\b", re.IGNORECASE)


money = re.compile(r"\$\s?\d[\d,]*(\.\d+)?|\b\d[\d,.]*\s?(percent|%|dollars)", re.IGNORECASE)
"""A price, a discount or another amount."""

COMPETITORS = Tracker("Competitors", ["Velotek", "Corvanta", "Ostrum"])
PRICING = Tracker("Pricing", ["price*", "pricing", "discount*", "list price", "quote*", "budget*", "cost*"])
NEXT_STEPS = Tracker(
    "Next steps",
    [
        "next step*",
        "follow up",
        "I'll send",
        "I will send",
        "we'll send",
        "I'll get",
        "I'll have",
        "I'll book",
        "I'll talk to",
        "I'll check",
        "I'll set up",
        "can you send",
        "let's meet",
        "let's talk",
        "let's put",
        "send you",
        "send me",
        "send over",
        "calendar",
        "invite",
        "by Monday",
        "by Tuesday",
        "by Wednesday",
        "by Thursday",
        "by Friday",
        "by the end of",
    ],
)
PAIN_POINTS = Tracker(
    "Pain points",
    ["challenge*", "problem*", "issue*", "struggl*", "difficult*", "pain*", "frustrat*", "concern*", "outage*"],
)
OBJECTIONS = Tracker(
    "Objections",
    [
        "too expensive",
        "expensive",
        "cheaper",
        "over budget",
        "no budget",
        "worried",
        "concern*",
        "not sure",
        "not convinced",
        "not my call",
        "not my decision",
        "sign off",
        "not this quarter",
        "next year",
        "bad time",
        "too early",
        "too complex",
        "burned",
        "risk*",
        "alternative*",
    ],
)
SECURITY = Tracker(
    "Security and legal", ["security", "SOC 2", "legal", "contract*", "redline*", "compliance", "audit*"]
)
INTEGRATION = Tracker("Integration", ["integrat*", "migrat*", "API", "rack*", "driver*", "compatib*"])

TRACKERS = (PRICING, COMPETITORS, OBJECTIONS, NEXT_STEPS, SECURITY, INTEGRATION)

TOPICS: Mapping[str, Tracker] = {
    topic: Tracker(topic, phrases)
    for topic, phrases in {
        "pricing": ["price*", "pricing", "discount*", "quote*", "cost*"],
        "implementation": ["implement*", "rollout", "roll out", "install*", "deploy*"],
        "integration": ["integrat*", "API", "migrat*", "compatib*"],
        "support": ["support*", "warranty", "replacement*"],
        "features": ["feature*", "spec*", "throughput", "memory", "benchmark*"],
        "security": ["security", "SOC 2", "encrypt*"],
        "compliance": ["compliance", "audit*", "regulat*"],
        "timeline": ["timeline*", "deadline*", "quarter", "delivery", "lead time*"],
        "budget": ["budget*"],
        "decision": ["decision*", "decide*", "sign off", "approv*"],
        "contract": ["contract*", "redline*", "terms", "legal"],
        "pilot": ["pilot*", "trial*", "evaluation*"],
    }.items()
}
"""The twelve topics that the analysis tool has always reported."""
