"""How the embedded model chooses: pure, deterministic, and able to say why.

Tools and members are `Offer`s. An offer is scored by the words that a request shares with its cues (a phrase counts as
a whole), its name and its description; a word weighs by how well it tells the offers apart. Ties go to the earlier
offer, so the order of the offers is a preference.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from agents.message import Asked
from agents.models.subjects import MEMBERS, speaks_for
from agents.models.words import SILENT, phrase, rarity, stems, within

__all__ = ["Choice", "Offer", "choose_member", "choose_members", "choose_tools", "describe", "unread"]

CUES = re.compile(r"(?:Use it for|Asked for): (.+?)\.?$", re.MULTILINE)
CLAUSE = re.compile(r"[,;?!&]|\.\s|\b(?:and|plus|also|as well as|along with)\b", re.IGNORECASE)
CUE, NAME, PROSE = 3.0, 2.0, 1.0
WORTH = 1.5
"""The least a choice must score: a cue or a word of a name that not all offers share, or two words of prose."""
HEARD = 4_000
"""How many characters of a request are matched; what somebody pasted behind them is material."""
PROPER = frozenset({"account", "rep", "call_id", "deal_id", "channel", "sql"})
"""Arguments whose values are not read: `Next Steps Ltd` asks for no next steps, a query for nothing beside itself."""
PERSONAL = frozenset({("how", "is"), ("doing",)})
"""Cues that ask for a person only where one is named: a region or an account is asked after in the same words."""
THINGS = frozenset(stems("account deal pipeline warehouse"))
"""What a member knows that is asked how something is doing that is no person."""
CHANGING = re.compile(
    r"\s*(?:drop|delete|truncate|alter|create|insert|update)\s+(?:table|from|into|view|\w+\s+set)\b", re.IGNORECASE
)
BROAD = frozenset(stems("overview overall everything brief briefing summary summarize business company review"))


@dataclass(frozen=True, slots=True)
class Offer:
    """A tool or a member, as words. `explicit` is chosen only by name: it changes something."""

    name: str
    label: frozenset[str]
    cues: tuple[tuple[str, ...], ...]
    prose: frozenset[str]
    tools: tuple[str, ...] = ()
    explicit: bool = False
    asked_for: tuple[str, ...] = ()

    @property
    def words(self) -> frozenset[str]:
        return self.label | self.prose | {word for cue in self.cues for word in cue}


@dataclass(frozen=True, slots=True)
class Choice:
    """A member and why it was chosen."""

    name: str
    reason: str


def describe(name: str, description: str, *, tools: Sequence[str] = (), explicit: bool = False) -> Offer:
    """An offer from its name and its description, whose cues stand behind `Use it for:` or `Asked for:`."""
    listed = CUES.search(description)
    asked_for: tuple[str, ...] = tuple(cue.strip() for cue in listed[1].split(",")) if listed else ()
    cues = tuple(words for cue in asked_for if (words := phrase(cue)))
    prose = frozenset(stems(description[: listed.start()] if listed else description))
    return Offer(name, frozenset(stems(name)), cues, prose, tuple(tools), explicit, asked_for)


def choose_tools(asked: Asked, offers: Sequence[Offer], most: int = 3, *, certain: bool = False) -> tuple[str, ...]:
    """The tools to call, at most `most`: the one that is meant, then one for each part of the request that asks for one.

    Where nothing asks for any, it is the first offer that is not explicit; none at all where nothing was understood and it
    is not `certain` that the request is meant for these.
    """
    weights = rarity(offer.words for offer in offers)
    meant = next((offer for offer in offers if offer.name == asked.intent), None)
    open_offers = [offer for offer in offers if not offer.explicit or offer is meant]
    chosen = [meant.name] if meant else []
    for clause in clauses(asked) if open_offers else ():
        scores = {offer.name: sum(matches(offer, clause, weights).values()) for offer in open_offers}
        best = max(scores, key=lambda name: scores[name])
        if meant and scores[meant.name] * 2 >= scores[best]:
            continue  # this part is what the intent was read from
        if best not in chosen and scores[best] >= WORTH:
            chosen.append(best)
    if chosen or not (certain or understood(asked, offers)):
        return tuple(chosen[:most])
    return tuple(offer.name for offer in open_offers)[:1]


def understood(asked: Asked, offers: Sequence[Offer]) -> bool:
    """Whether a request is worth an answer that nothing in it asks for: it names something, or speaks of our subjects.

    A request without words wants the usual; one whose words are mostly foreign to every offer ("weather in Berlin")
    wants something else, and an answer to another question would look like one to this.
    """
    if CHANGING.match(asked.request):
        return False
    telling = [word for words in clauses(asked) for word in words if word not in SILENT]
    if asked.arguments or not asked.request.strip() or BROAD & set(telling):
        return True
    ours = frozenset(word for offer in offers for word in offer.words)
    return bool(telling) and 2 * sum(word in ours for word in telling) >= len(telling)


def unread(offers: Sequence[Offer]) -> str:
    """What is said of a request that was not understood: so, and what could be asked instead."""
    examples = [
        f"- {offer.name.replace('_', ' ')}: ask for “{'” or “'.join(offer.asked_for[:2])}”"
        for offer in offers
        if offer.asked_for and not offer.explicit
    ][:3]
    said = "I could not read this as a question I can answer."
    return "\n".join([f"{said} I can:", "", *examples]) if examples else said


def choose_member(asked: Asked, seats: Sequence[Offer]) -> Choice:
    """The one member to hand a request to, and why: by what the request speaks of, where the members are known."""
    return by_subject(asked, seats) or by_cues(asked, seats)


def by_subject(asked: Asked, seats: Sequence[Offer]) -> Choice | None:
    """The member that most of a request's subjects belong to; None where a member is unknown, or no subject was found."""
    heard = speaks_for(clauses(asked), asked.arguments) if MEMBERS.issuperset(seat.name for seat in seats) else {}
    able = [seat for seat in seats if seat.name in heard]
    if not able:
        return None
    cues = {seat.name: sum(found.values()) for seat, found in scored(asked, seats)}
    best = max(able, key=lambda seat: (round(heard[seat.name].score, 6), cues[seat.name]))
    words = {word: 1.0 for cue in heard[best.name].words for word in cue.split() if word not in SILENT}
    return Choice(best.name, f"the request speaks of {quoted(asked, words)}")


def by_cues(asked: Asked, seats: Sequence[Offer]) -> Choice:
    """The member whose tools are meant, or whose words the request shares."""
    scores = {seat.name: found for seat, found in scored(asked, seats)}
    owners = [seat for seat in seats if asked.intent in seat.tools]
    if after_a_thing(asked) and not any(scores[owner.name] for owner in owners):
        owners = []  # nothing but "how is" led to the intent
    best = max(owners or seats, key=lambda seat: sum(scores[seat.name].values()))
    if len(owners) == 1:
        return Choice(best.name, f"only it has `{asked.intent}`, which the request comes down to")
    if not scores[best.name] and after_a_thing(asked):
        knowing = max(seats, key=lambda seat: len(THINGS & seat.prose))
        return Choice(knowing.name, "the request asks how something is doing that is no named seller")
    if not scores[best.name]:
        return Choice(best.name, "nothing in the request points to another member; it is the first of the team")
    return Choice(best.name, f"the request speaks of {quoted(asked, scores[best.name])}")


def after_a_thing(asked: Asked) -> bool:
    """Whether a request asks how something is doing, and names no seller."""
    return "rep" not in asked.arguments and any(within(cue, part) for cue in PERSONAL for part in clauses(asked))


def choose_members(asked: Asked, seats: Sequence[Offer]) -> tuple[str, ...]:
    """Every member that has something to say to a request, in the order of the team; all of them if it is broad."""
    totals = {seat.name: sum(found.values()) for seat, found in scored(asked, seats)}
    best = max(totals.values())
    if best < WORTH or BROAD & set(stems(asked.request[:HEARD])):
        return tuple(totals)
    return tuple(
        seat.name for seat in seats if totals[seat.name] >= max(0.4 * best, 0.1) or asked.intent in seat.tools
    )


def scored(asked: Asked, seats: Sequence[Offer]) -> list[tuple[Offer, Mapping[str, float]]]:
    """The seats with the words that speak for each; the names of the arguments given speak a little too."""
    words = tuple(word for clause in clauses(asked) for word in clause)
    named = {word for name in asked.arguments for word in stems(name.removesuffix("_id"))}
    weights = rarity(seat.words for seat in seats)
    found: list[tuple[Offer, Mapping[str, float]]] = []
    for seat in seats:
        hints = {word: PROSE * weights[word] for word in named & seat.prose if weights[word] > 0}
        heard = seat if "rep" in asked.arguments else impersonal(seat)
        found.append((seat, hints | matches(heard, words, weights)))
    return found


def impersonal(seat: Offer) -> Offer:
    """A seat without the cues that ask for a person."""
    return replace(seat, cues=tuple(cue for cue in seat.cues if cue not in PERSONAL))


def clauses(asked: Asked) -> list[tuple[str, ...]]:
    """The parts of a request as words, without the names that its arguments took from it."""
    text = asked.request[:HEARD]
    for name, value in asked.arguments.items():
        if name in PROPER and isinstance(value, str) and value:
            text = re.sub(re.escape(value), " ", text, flags=re.IGNORECASE)
    return [words for part in CLAUSE.split(text) if (words := phrase(part))]


def matches(offer: Offer, words: Sequence[str], weights: Mapping[str, float]) -> dict[str, float]:
    """The words of a request that speak for an offer, each with its weight."""
    found: dict[str, float] = {}
    for word in words:
        weight = NAME if word in offer.label else PROSE if word in offer.prose else 0.0
        if weight and word not in SILENT and (value := weight * weights[word]) > 0:
            found[word] = value
    for cue in offer.cues:
        if within(cue, words):
            telling = [word for word in cue if word not in SILENT]
            for word in telling or cue:  # `how is` says something where it is a cue
                found[word] = max(found.get(word, 0.0), CUE * max(weights[word], 0.3) if telling else WORTH)
    return found


def quoted(asked: Asked, found: Mapping[str, float]) -> str:
    """Up to three of the words that speak for a choice, as they stand in the request."""
    words = re.findall(r"[\w']+", asked.request[:HEARD])
    said = [word for word in words if set(stems(word)) & set(found)]
    named = [name for name in asked.arguments if set(stems(name.removesuffix("_id"))) & set(found)]
    parts = [f"'{word}'" for word in dict.fromkeys(said)] + [f"the argument `{name}`" for name in named]
    return ", ".join(parts[:3]) or "it in so many words"
