"""What the calls about an open deal say of its risk: six rules, each with its parameters in its words.

Every sign is a candidate. A rule that looks for something says "not found", never that it is absent; a rule that the
calls cannot answer (no transcript, no titles, another language) is not judged, and the reason is given.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from agents.analysis.calls.competitors import competitors_in
from agents.analysis.calls.conversation import Conversation, Line, is_english
from agents.analysis.calls.money import prices_in
from agents.analysis.calls.next_steps import next_steps_in
from agents.sources import Call

__all__ = ["Judged", "Rules", "Sign", "Spoken", "signs_in"]

_SENIOR = re.compile(
    r"\b(?:chief|c[efiotrms]o|(?:s|e)?vp|president|head|director|owner|founder|partner|managing|general manager)\b",
    re.IGNORECASE,
)
_TELLING_WORDS = 4
_ANOTHER_DEAL = "the recorded calls are about other deals of the account"
_NO_WORDS = "no call has a transcript that could be analysed"
_NOT_ENGLISH = "the call is in another language"


@dataclass(frozen=True, slots=True)
class Rules:
    """The parameters. `calls` is how many of the newest calls are looked at."""

    quiet_days: int = 14
    people: int = 2
    rival_calls: int = 2
    calls: int = 5
    step_confidence: float = 0.5

    @property
    def texts(self) -> Mapping[str, str]:
        """Each rule in words."""
        return {
            "quiet": f"more than {self.quiet_days} days since the last recorded call with the account",
            "no_next_step": f"no next step with a confidence of {self.step_confidence} or more found in the last call",
            "single_threaded": f"fewer than {self.people} people of the customer heard on the newest {self.calls} calls",
            "no_senior_title": (
                "no title such as chief, VP, president, head, director, owner or partner among the customer's people "
                f"on the newest {self.calls} calls"
            ),
            "no_pricing": f"engaging, and nothing about price found in the newest {self.calls} calls",
            "competitor": f"a possible competitor named in the last {self.rival_calls} calls",
        }


@dataclass(frozen=True, slots=True)
class Spoken:
    """The newest calls that bear on a deal, newest first, and the words of those that can be read.

    `late` is for a deal in a late stage; with `other_deals` the calls are about other deals of its account.
    """

    calls: Sequence[Call]
    talks: Sequence[Conversation]
    late: bool
    other_deals: bool


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign of risk and the sentences that show it, if any can."""

    rule: str
    statement: str
    confidence: float
    talk: Conversation | None = None
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """The signs found, and the rules that could not be applied, with the reason."""

    signs: tuple[Sign, ...]
    not_judged: Mapping[str, str]


def signs_in(spoken: Spoken, as_of: date, rules: Rules) -> Judged:
    """Apply the rules. There is at least one call."""
    found: list[Sign] = []
    unjudged: dict[str, str] = {}
    for rule, apply in _APPLIED.items():
        if spoken.other_deals and rule not in {"quiet", "competitor"}:
            unjudged[rule] = _ANOTHER_DEAL
            continue
        match apply(spoken, as_of, rules):
            case Sign() as sign:
                found.append(sign)
            case str() as reason:
                unjudged[rule] = reason
            case None:
                pass
    return Judged(tuple(found), unjudged)


def _competitor(spoken: Spoken, _: date, rules: Rules) -> Sign | str | None:
    newest = {call.id for call in spoken.calls[: rules.rival_calls]}
    talks = [talk for talk in spoken.talks if talk.call.id in newest]
    if not talks:
        return _NO_WORDS
    english = [talk for talk in talks if is_english(talk.call)]
    if not english:
        return _NOT_ENGLISH
    for talk in english:
        for rival in competitors_in(talk):
            said = [line for line in rival.lines if line.speaker.side == "external"] or list(rival.lines)
            telling = next((line for line in said if line.words >= _TELLING_WORDS), said[0])
            who = rival.name or "another supplier"
            statement = f"Possible competitor named on {_day(talk)}: {who}"
            return Sign("competitor", statement, rival.confidence, talk, (telling,))
    return None


def _no_next_step(spoken: Spoken, _: date, rules: Rules) -> Sign | str | None:
    last = spoken.calls[0]
    talk = next((talk for talk in spoken.talks if talk.call.id == last.id), None)
    if talk is None:
        return "the last call has no transcript that could be analysed"
    if not is_english(last):
        return _NOT_ENGLISH
    steps = next_steps_in(talk)
    if any(step.confidence >= rules.step_confidence for step in steps):
        return None
    statement = f"No next step found in the last call, {_day(talk)}"
    if steps:
        return Sign("no_next_step", f"{statement}; the nearest to one", 0.5, talk, (steps[0].line,))
    return Sign("no_next_step", statement, 0.6)


def _quiet(spoken: Spoken, as_of: date, rules: Rules) -> Sign | str | None:
    last = spoken.calls[0].started.date()
    days = (as_of - last).days
    return (
        Sign("quiet", f"No recorded call for {days} days, the last on {last}", 0.6)
        if days > rules.quiet_days
        else None
    )


def _single_threaded(spoken: Spoken, _: date, rules: Rules) -> Sign | str | None:
    if not spoken.talks:
        return _NO_WORDS
    people = {speaker.name for talk in spoken.talks for speaker in talk.speakers if speaker.side == "external"}
    if len(people) >= rules.people:
        return None
    if any(speaker.side == "unknown" for talk in spoken.talks for speaker in talk.speakers):
        return "it is not known which side some speakers are on"
    who = f"only {people.pop()}" if people else "nobody"
    calls = f"{len(spoken.talks)} call{'s' * (len(spoken.talks) > 1)}"
    return Sign("single_threaded", f"Of the customer's people {who} was heard, on {calls}", 0.6)


def _no_senior_title(spoken: Spoken, _: date, __: Rules) -> Sign | str | None:
    people = [party for call in spoken.calls for party in call.parties if party.side == "external"]
    titles = list(dict.fromkeys(party.title for party in people if party.title))
    if not titles:
        return "no titles of the customer's people are recorded"
    if any(_SENIOR.search(title) for title in titles):
        return None
    return Sign(
        "no_senior_title", f"No senior title found among the customer's people ({', '.join(titles[:3])})", 0.5
    )


def _no_pricing(spoken: Spoken, _: date, __: Rules) -> Sign | str | None:
    if not spoken.late:
        return None
    if len(spoken.talks) < len(spoken.calls):
        return "not every call has a transcript that could be analysed"
    if not all(is_english(talk.call) for talk in spoken.talks):
        return _NOT_ENGLISH
    if any(prices_in(talk) for talk in spoken.talks):
        return None
    calls = f"{len(spoken.talks)} call{'s' * (len(spoken.talks) > 1)}"
    return Sign("no_pricing", f"Nothing about price found in {calls} although the deal is engaging", 0.5)


def _day(talk: Conversation) -> str:
    return talk.call.started.date().isoformat()


_APPLIED: Mapping[str, Callable[[Spoken, date, Rules], Sign | str | None]] = {
    "competitor": _competitor,
    "no_next_step": _no_next_step,
    "quiet": _quiet,
    "single_threaded": _single_threaded,
    "no_senior_title": _no_senior_title,
    "no_pricing": _no_pricing,
}
