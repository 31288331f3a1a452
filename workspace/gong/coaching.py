"""`get_coaching_report`: one rep's calls of a period against the fixed thresholds.

A figure of the rep is the mean of the per-call values (Gong's own rule), never pooled time. Calls without
words are named and left out. Dates are inclusive.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from statistics import fmean
from typing import Any

from workspace.gong.analysis import METHOD
from workspace.gong.call import Call, Card, Sentence
from workspace.gong.library import Library, User
from workspace.gong.pages import Span, read_instant
from workspace.gong.rules import observe
from workspace.gong.stats import CallStats, call_stats, turns
from workspace.nearest import nearest
from workspace.toolset import Json, ToolError

__all__ = ["coaching_report"]

Measured = tuple[Call, CallStats]


def coaching_report(library: Library, arguments: Mapping[str, Any]) -> Json:
    """Report on one rep. Raises ToolError for a rep that nobody knows, with the nearest names."""
    rep = _rep(library, arguments["rep"])
    span = _span(arguments)
    own = [card for card in library.cards if card.primary_user_id == rep.id]
    in_period = [card for card in own if span.holds(card)]
    calls = list(library.calls(in_period))
    measured = [(call, call_stats(call)) for call in calls if call.sentences]
    means = _means([stats for _, stats in measured])
    manager = next((user.name for user in library.users if user.id == rep.manager_id), None)
    return {
        "rep": rep.name,
        "user_id": rep.id,
        "manager": manager,
        "from": arguments.get("from"),
        "to": arguments.get("to"),
        "calls_analyzed": len(measured),
        "calls_without_transcript": [call.card.id for call in calls if not call.sentences],
        "averages": _figures(means) if means else None,
        "observations": [o.shaped() | _worst(o.area, measured) for o in observe(means)] if means else [],
        "calls": [
            {
                "call_id": call.card.id,
                "title": call.card.title,
                "started": call.card.meta["started"],
                **_figures(stats),
            }
            for call, stats in measured
        ],
        "note": None if measured else _why_nothing(rep, own),
        "method": METHOD,
        "asOf": library.as_of,
        "synthetic": library.synthetic,
    }


def _rep(library: Library, wanted: str) -> User:
    sought = wanted.strip().lower()
    for user in library.users:
        if sought in {user.name.lower(), (user.email or "").lower(), user.id}:
            return user
    near = nearest(wanted[:100], [user.name for user in library.users])
    raise ToolError("unknown_rep", f"There is no rep {wanted[:40]!r}. get_users gives all names.", near)


def _span(arguments: Mapping[str, Any]) -> Span:
    first, last = arguments.get("from"), arguments.get("to")
    since = read_instant("from", first) if first else None
    until = read_instant("to", last) + timedelta(days=1) if last else None
    if since and until and until <= since:
        raise ToolError("bad_date", "'to' must not be before 'from'; both days are included.")
    return Span(since, until)


def _means(figures: Sequence[CallStats]) -> CallStats | None:
    """The mean of every figure over the calls that have it; None without calls."""
    if not figures:
        return None
    mean: dict[str, float | None] = {
        name: _mean([getattr(stats, name) for stats in figures])
        for name in (
            "talk_ratio",
            "longest_monologue_s",
            "longest_customer_story_s",
            "questions_per_hour",
            "switches_per_min",
            "patience_s",
        )
    }
    return replace(figures[0], speakers=(), **mean)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(fmean(known), 2) if known else None


def _figures(stats: CallStats) -> Json:
    return {
        "talk_ratio": stats.talk_ratio,
        "longest_monologue_s": stats.longest_monologue_s,
        "longest_customer_story_s": stats.longest_customer_story_s,
        "questions_per_hour": stats.questions_per_hour,
        "switches_per_min": stats.switches_per_min,
        "patience_s": stats.patience_s,
    }


def _worst(area: str, measured: Sequence[Measured]) -> Json:
    """The call where to listen: the one furthest on the bad side, with a place for a long monologue."""
    value: Callable[[Measured], float] = lambda entry: getattr(entry[1], area) or 0.0  # noqa: E731
    worst = max(measured, key=value) if area in {"talk_ratio", "longest_monologue_s"} else min(measured, key=value)
    call = worst[0]
    example: Json = {"call_id": call.card.id, "value": value(worst)}
    if area == "longest_monologue_s":
        opening = _longest_monologue(call)
        example |= {"start_s": opening.start_ms / 1000, "quote": opening.text}
    return {"example": example}


def _longest_monologue(call: Call) -> Sentence:
    """The sentence that opens the company's longest turn."""
    sentences = call.sentences or ()
    company = [turn for turn in turns(sentences) if call.affiliation(turn.speaker_id) == "Internal"]
    longest = max(company, key=lambda turn: turn.length_s)
    return next(s for s in sentences if s.start_ms == longest.start_ms and s.speaker_id == longest.speaker_id)


def _why_nothing(rep: User, own: Sequence[Card]) -> str:
    if not own:
        return f"{rep.name} has no recorded call."
    first, last = own[0].started.date(), own[-1].started.date()
    return f"No transcribed call of {rep.name} in this period; {len(own)} between {first} and {last}."
