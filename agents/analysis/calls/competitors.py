"""Rivals that were named, in the customer's words.

Nobody hands us a list, so a name counts as a rival when it stands where rivals stand ("also looking at X", "X quoted
us"); from then on every mention of it in the call counts. Names of the people on the call, of the account and of the
seller's side never do. Which names are rivals is inferred: a candidate.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agents.analysis.calls.conversation import Conversation, Line, once
from agents.analysis.calls.word_index import Cue, WordIndex, cue, word_index

__all__ = ["Competitor", "competitors_in"]

_NAME = r"(?P<name>[A-Z][\w&]*(?:[-.][A-Z\d]\w*)*(?: (?:[A-Z][\w&]+|of|&)(?=\s|[,.?!;:]|$))*)"
_CONTEXTS = tuple(
    cue(pattern.replace("NAME", _NAME), re.NOFLAG)
    for pattern in (
        r"\b[Cc]ompared? (?:it |this |that |you )?(?:to|with|against) (?:the )?NAME",
        r"\b(?:[Ll]ooking|[Tt]alking|[Ss]peaking|[Ee]valuating|[Cc]onsidering|[Cc]omparing|[Pp]iloting|[Tt]rialing|[Tt]esting)"
        r" (?:also )?(?:at |to |with |you (?:to|with|against) )?(?:a (?:bid|quote|proposal|unit) from )?NAME",
        r"\b(?:[Qq]uote|[Oo]ffer|[Pp]roposal|[Bb]id|[Pp]ricing|[Dd]emo|[Pp]itch|[Nn]umbers?) from NAME",
        r"\b(?:[Vv]s\.?|[Vv]ersus|[Aa]gainst|[Ii]nstead of|[Oo]ver at|[Cc]heaper than|[Bb]etter than|[Dd]ifferent from|[Rr]ather than) NAME",
        r"\b(?:[Ss]witch(?:ed|ing)?|[Mm]ov(?:e|ed|ing)|[Mm]igrat(?:e|ed|ing)|[Cc]om(?:e|ing)) (?:away |over )?from NAME",
        r"\b(?:[Ii]ncumbent|[Cc]ompetitor|[Ss]upplier|[Vv]endor|[Pp]rovider)(?:,| is| was| there is|:)? NAME",
        r"\b(?:go|going|gone|went) with NAME",
        r"\b(?:taken|took|bought|ordered|tried|got|have|use) (?:\w+ ){0,4}from NAME",
        r"\b[Tt]he NAME (?:guys?|people|team|reps?|salesman|quote|offer|bid|proposal|demo|pilot|card|box|unit)\b",
        r"\b(?:we|We|they|They) (?:use|used|run|have|buy from|went with|are with|were with|currently use|already use) NAME",
        r"NAME (?:quoted|offered|came in|is cheaper|are cheaper|was cheaper|is offering|are offering|undercut|pitched|"
        r"gave us|told us|promised|has offered|have offered|is also|sent us|can do it|is pushing|is in the mix|"
        r"charges?|asks? for|wants \\$|costs?|(?:is|are|was|were|comes?|came) (?:at|in at|around|about|on) [$€£\\d])",
        r"NAME(?:'s| has a| have a)? (?:quote|quotes|price|pricing|offer|bid|proposal|numbers?|reps?|salesman|evaluation|trial|sample)\b",
    )
)
_SURE = cue(
    r"^(?:And |But |So |Then )?(?P<name>[A-Z]\w+) (?:quoted|undercut|offers us|offered us|has offered us|"
    r"sent us (?:a|their|another) (?:quote|offer|proposal))\b",
    re.NOFLAG,
)
"""What a rival does and hardly anybody else: enough even where the name is the first word of its sentence."""
_WHO = cue(
    r"\bwho (?:(?:was|is|were|are) (?:that|it|they|the (?:last |other )?(?:competitor|supplier|vendor|provider))|"
    r"(?:that|it|they) (?:was|is|were|are))\b",
)
_SUPPLIERS = re.compile(r"\b(?:vendors?|suppliers?|providers?|competitors?|quotes?)\b", re.IGNORECASE)
_BARE_NAME = re.compile(rf"\W*(?:(?:It was|With|From|That was|They're|It's) )?{_NAME}\W*")
_UNNAMED = cue(
    r"\b(?:(?:another|other|different|competing|alternative|second) (?:vendors?|suppliers?|providers?|bidders?)|your competitors?|"
    r"(?:a |the )competitors?)\b",
)
_CAPITALS = """
    I We You They He She It The A An And But So If Is Are Was Were Do Does Did Can Could Would Will What When Where Why
    How Who Which That This These Those There Then Well Okay Ok Yes No Yeah Our Your My His Her Their Its Not Now Just
    Let Thanks Thank Great Right Sure Also Because For From With At In On Or As By To Of One Two Three Some Any All
    Nobody Somebody Someone Everybody Everyone Anybody Anyone Nothing Something Everything Management People Purchasing
    Honestly Mostly Maybe Probably Exactly Correct Agreed Sounds Perfect Good Fine Hmm Um Uh Oh
    Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June July August
    September October November December Q1 Q2 Q3 Q4 CFO CEO CTO CIO COO VP IT HR PO SLA ROI API POC SOW MSA NDA SOC GDPR
    DPA ERP CRM SSO Legal Finance Procurement Security Operations Engineering Marketing Sales Excel Salesforce HubSpot
    Zoom Teams Slack Outlook Linux Windows Europe Asia America US USA EU UK OK GPU GPUs CPU CPUs PDF HQ Christmas
"""
_NOT_A_NAME = frozenset(_CAPITALS.split())
"""Capitalised words that name no rival, everyday tools included."""


@dataclass(frozen=True, slots=True)
class Competitor:
    """One rival and where it is mentioned; `name` is None for rivals who stay unnamed ("another vendor")."""

    name: str | None
    lines: tuple[Line, ...]
    confidence: float


def competitors_in(conversation: Conversation, known: Iterable[str] = ()) -> tuple[Competitor, ...]:
    """Rivals by number of mentions; `known` are names found to be rivals elsewhere."""
    index = word_index(conversation)
    excluded = _own(conversation)
    places = dict(_places(conversation))
    places.update({name: 0 for name in known if name not in places and not excluded & set(name.casefold().split())})
    found = [rival for name, count in places.items() if (rival := _rival(conversation, name, count)) is not None]
    counted = {line.number for rival in found for line in rival.lines}
    unnamed = [
        line
        for line in conversation.lines
        if line.number not in counted and index.search(_UNNAMED, line.number, line.text)
    ]
    if unnamed:
        found.append(Competitor(None, tuple(unnamed), 0.4))
    return tuple(sorted(found, key=lambda rival: (rival.name is None, -len(rival.lines), rival.name or "")))


@once
def _places(conversation: Conversation) -> Mapping[str, int]:
    """How often each name stands where rivals stand."""
    index = word_index(conversation)
    excluded = _own(conversation)
    places: Counter[str] = Counter()
    only_first: set[str] = set()
    sure: set[str] = set()
    for line in conversation.lines:
        for name, first in _named(index, line, excluded):
            places[name] += 1
            (only_first if first else sure).add(name)
        for name in (*_quoting(index, line), *_answering(conversation, index, line)):
            if name not in _NOT_A_NAME and name.casefold() not in excluded:
                places[name] += 1
                sure.add(name)
    # The first word of a sentence has a capital anyway: such a name must be met inside a sentence, too.
    for name in only_first - sure:
        lines = _mentioning(conversation, name)
        if not any(match.start() > 0 for line in lines for match in _mention(name).finditer(line.text)):
            del places[name]
    return places


def _rival(conversation: Conversation, name: str, count: int) -> Competitor | None:
    lines = _mentioning(conversation, name)
    if not lines:
        return None
    by_customer = any(line.speaker.side == "external" for line in lines)
    confidence = 0.5 + 0.1 * min(max(count - 1, 0), 2) + 0.1 * (len(lines) > 1) + 0.05 * by_customer
    return Competitor(name, lines, round(min(0.85, confidence), 2))


def _mention(name: str) -> Cue:
    return cue(rf"\b{re.escape(name)}\b", re.NOFLAG)


def _mentioning(conversation: Conversation, name: str) -> tuple[Line, ...]:
    index, mention = word_index(conversation), _mention(name)
    return tuple(line for line in conversation.lines if index.search(mention, line.number, line.text))


def _named(index: WordIndex, line: Line, excluded: frozenset[str]) -> set[tuple[str, bool]]:
    """Names where rivals stand, and whether each is the first word of the sentence."""
    names: set[tuple[str, bool]] = set()
    for context in _CONTEXTS:
        if not index.may_match(context, line.number):
            continue
        for match in context.finditer(line.text):
            name = match["name"].removesuffix("'s").strip()
            words = name.split()
            if words[0] not in _NOT_A_NAME and not any(word.casefold() in excluded for word in words):
                names.add((name, match.start("name") == 0))
    return names


def _quoting(index: WordIndex, line: Line) -> list[str]:
    match = index.search(_SURE, line.number, line.text)
    return [match["name"]] if match else []


def _answering(conversation: Conversation, index: WordIndex, line: Line) -> list[str]:
    """The name that answers "who was that?" where suppliers were just spoken of."""
    if not index.search(_WHO, line.number, line.text):
        return []
    before = conversation.lines[max(0, line.number - 3) : line.number + 1]
    if not any(_SUPPLIERS.search(earlier.text) for earlier in before):
        return []
    after = conversation.lines[line.number + 1 : line.number + 3]
    answers = [_BARE_NAME.fullmatch(answer.text) for answer in after if answer.speaker.id != line.speaker.id]
    return [match["name"] for match in answers if match]


def _own(conversation: Conversation) -> frozenset[str]:
    names = [party.name for party in conversation.call.parties]
    names += [conversation.call.account or "", conversation.call.owner or ""]
    return frozenset(word.casefold() for name in names for word in name.split())
