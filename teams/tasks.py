"""Tasks: the leader keeps a list of tasks for the members until all are done, then answers."""

from teams.together import combine
from teams.way import Way

__all__ = ["WAY"]

WAY = Way(
    name="tasks",
    mode="tasks",
    instructions=("Put the request, whole, into every task you create; members see nothing else.",),
    settle=combine,
)
