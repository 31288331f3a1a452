"""Coordinate: the leader plans, members work at the same time, the leader puts it together and credits each."""

from teams.together import combine
from teams.way import Way

__all__ = ["WAY"]

WAY = Way(
    name="coordinate",
    mode="coordinate",
    instructions=(
        "Delegate to every member whose role bears on the request, all in the same turn. A broad request concerns all.",
        "Begin with two or three lines that answer the question, then what each member found, shortly.",
        "Say of each statement which member it comes from, and say which member failed.",
    ),
    settle=combine,
)
