"""Broadcast: every member answers the same question, the leader sets the answers side by side."""

from teams.together import combine
from teams.way import Way

__all__ = ["WAY"]

WAY = Way(
    name="broadcast",
    mode="broadcast",
    instructions=("Say of each statement which member it comes from, and say which member failed.",),
    settle=combine,
    verbatim=True,
)
