"""How the embedded model leads a team: whom it asks, and how it puts their answers together.

The way of working stands in the leader's instructions (`teams.way.named`), the members in the roster that Agno writes
into the system message, and their answers in Agno's own record of the run, which says who said what and who failed.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agno.models.message import Message
from pydantic import JsonValue

from agents.message import Asked, write
from agents.models.compose import PAGE_CHARS, SECTION_CHARS, Said, from_members
from agents.models.plan import Offer, choose_member, choose_members, describe

__all__ = ["Ask", "Turn", "lead", "leads"]

MEMBER = re.compile(r'<member id="([^"]+)" name="([^"]*)">\n(.*?)</member>', re.DOTALL)
TOOLS = re.compile(r"^\s*Tools: (.+)$", re.MULTILINE)
WAY = re.compile(r"Way of working: (\w+)")
TASK = re.compile(r"Task created: \[([^\]]+)\]")

AGAIN = (
    "Read what the others answered, then answer again: keep what your evidence carries, take back what it does not."
)


@dataclass(frozen=True, slots=True)
class Ask:
    """A tool call to be made."""

    tool: str
    arguments: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Turn:
    """What the model says next, and what it asks for."""

    text: str
    asks: tuple[Ask, ...] = ()


@dataclass(frozen=True, slots=True)
class Seat:
    """A member, as the roster shows it."""

    id: str
    name: str
    offer: Offer


def leads(tools: Collection[str]) -> bool:
    """Whether these are the tools of a leader."""
    return any(name in tools for name in ("delegate_task_to_member", "delegate_task_to_members", "create_task"))


def lead(system: str, asked: Asked, since: Sequence[Message], tools: Collection[str], run: object) -> Turn:
    """The leader's next turn."""
    seats = roster(system)
    if not seats:
        return Turn("No member of this team can be asked.")
    rounds = sum(1 for message in since if message.role == "assistant" and message.tool_calls)
    if "create_task" in tools:
        return by_tasks(asked, since, seats, rounds, run)
    named = WAY.search(system)
    way = named[1] if named else ""
    if way == "route":
        return routed(asked, seats)
    if rounds < (2 if way == "collaborate" else 1):
        return delegated(asked, seats, tools, again=rounds > 0)
    return Turn(from_members(answers(seats, run), PAGE_CHARS if way == "collaborate" else SECTION_CHARS))


def routed(asked: Asked, seats: Sequence[Seat]) -> Turn:
    """Hand it to one; the reason is said aloud, and whoever maps the run credits it."""
    choice = choose_member(asked, [seat.offer for seat in seats])
    return Turn(choice.reason, (Ask("delegate_task_to_member", {"member_id": choice.name, "task": write(asked)}),))


def delegated(asked: Asked, seats: Sequence[Seat], tools: Collection[str], *, again: bool) -> Turn:
    """Hand it to everybody, in one turn, so that they work at the same time."""
    task = f"{AGAIN}\n\n{write(asked)}" if again else write(asked)
    if "delegate_task_to_members" in tools:
        return Turn("", (Ask("delegate_task_to_members", {"task": task}),))
    return Turn("", tuple(Ask("delegate_task_to_member", {"member_id": seat.id, "task": task}) for seat in seats))


def by_tasks(asked: Asked, since: Sequence[Message], seats: Sequence[Seat], rounds: int, run: object) -> Turn:
    """One task per member concerned, all at once, then the answer."""
    chosen = choose_members(asked, [seat.offer for seat in seats])
    match rounds:
        case 0:
            titles = {seat.id: f"Ask {seat.name}" for seat in seats}
            task = write(asked)
            return Turn(
                "",
                tuple(
                    Ask("create_task", {"title": titles[name], "description": task, "assignee": name})
                    for name in chosen
                ),
            )
        case 1:
            replies = [str(message.content) for message in since if message.role == "tool"]
            made: list[JsonValue] = [found[1] for reply in replies if (found := TASK.search(reply))]
            return Turn("", (Ask("execute_tasks_parallel", {"task_ids": made}),))
        case 2:
            return Turn("", (Ask("mark_all_complete", {"summary": "Every member concerned was asked."}),))
        case _:
            return Turn(from_members(answers(seats, run)))


def roster(system: str) -> list[Seat]:
    """The members, in the order of the team."""
    seats: list[Seat] = []
    for id_, name, text in MEMBER.findall(system):
        listed = TOOLS.search(text)
        tools = [tool.strip() for tool in listed[1].split(",")] if listed else []
        words = TOOLS.sub("", text).replace("Role: ", "", 1)
        seats.append(Seat(id_, name, describe(id_, words, tools=tools)))
    return seats


def answers(seats: Sequence[Seat], run: object) -> list[Said]:
    """The last answer of every member that was asked, in the order of the team."""
    responses: Sequence[Any] = getattr(run, "member_responses", None) or ()
    last = {response.agent_id: response for response in responses}
    return [Said(seat.name, text_of(last[seat.id])) for seat in seats if seat.id in last]


def text_of(response: Any) -> str | None:
    completed = getattr(response.status, "value", "") == "COMPLETED"
    return str(response.content) if completed and response.content else None
