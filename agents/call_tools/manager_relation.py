"""Who asks, as seen from the person that is spoken about: coaching goes to a seller's manager and to the seller.

The relation is a statement of the caller: an argument, or words of the request such as "my direct report". Where it is
not known the answer is a question for it and no word about the person. Sample calls are about nobody, so there the
caller counts as a manager.
"""

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel

from agents.sources import Call
from agents.tool import Observation

__all__ = ["RELATION", "Relation", "asks_for_relation", "asks_who_manages", "may_hear", "relation_question"]

Relation = Literal["manager", "self"]
RELATION = "who asks, as seen from the seller: `manager` for the seller's manager, `self` for the seller"


def may_hear(relation: Relation | None, calls: Iterable[Call]) -> bool:
    """Whether the one who asks may hear about the sellers of these calls."""
    return relation is not None or all(call.synthetic for call in calls)


def asks_for_relation(who: str | None, nothing_found: BaseModel, notes: tuple[str, ...] = ()) -> Observation:
    """The question that is put instead of an answer about one seller."""
    return Observation(relation_question(who), nothing_found, notes=notes)


def relation_question(who: str | None) -> str:
    """The question for the relation to one seller."""
    name = who or "the seller"
    return (
        f"**Are you the manager of {name}, or {name}?** Coaching is about a person, so I give it to the seller's manager "
        'and to the seller only. Say so in your request ("my direct report", "my own calls") or give `relation` as '
        "`manager` or `self`."
    )


def asks_who_manages(nothing_found: BaseModel, notes: tuple[str, ...] = ()) -> Observation:
    """The question that is put instead of an answer about several sellers."""
    return Observation(
        "**Do you manage these sellers?** This compares named people, so I give it to their manager only. Say so in your "
        'request ("my team") or give `relation` as `manager`.',
        nothing_found,
        notes=notes,
    )
