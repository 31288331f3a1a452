"""What sessions keep is bounded in bytes, for each tool and for all together."""

import pytest

from agents.held import held_bytes
from agents.memory import Memory, Turn
from server.surface.sessions import Bounds, Sessions

KB = 1024


def turn(size: int, request: str = "How is Acme?") -> Turn:
    return Turn(request, {"account": "Acme"}, None, "x" * size)


class Desk:
    """Sessions whose calls each leave an answer of some size."""

    def __init__(self, tool_kb: int = 1_000_000, pool_kb: int = 1_000_000) -> None:
        self.tool_kb, self.pool_kb = tool_kb, pool_kb
        self.sessions = Sessions(
            lambda _kind: 3600,
            bounds=Bounds(lambda _kind, _tool: self.tool_kb * KB, lambda: self.pool_kb * KB),
        )

    def call(self, tool: str, session: str, kb: int = 30, caller: str = "ann") -> Memory:
        memory = self.sessions.of("agent", tool, session, caller)
        memory.turns.append(turn(kb * KB))
        self.sessions.used("agent", tool, session, caller)
        return memory

    def remembers(self, tool: str, session: str, caller: str = "ann") -> bool:
        return self.sessions.of("agent", tool, session, caller).last is not None


def test_a_tool_that_keeps_too_much_forgets_the_session_that_was_idle_longest() -> None:
    desk = Desk(tool_kb=100)
    for session in ("one", "two", "three"):
        desk.call("coach", session)
    desk.call("coach", "one", kb=1)
    desk.call("coach", "four")
    assert [desk.remembers("coach", session) for session in ("one", "two", "three", "four")] == [
        True,
        False,
        True,
        True,
    ]
    assert desk.sessions.held_bytes("agent", "coach") <= 100 * KB


def test_one_tools_limit_costs_no_other_tool_its_sessions() -> None:
    desk = Desk(tool_kb=100)
    desk.call("analyst", "one", kb=90)
    for session in "abcdef":
        desk.call("coach", session, kb=50)
    assert desk.remembers("analyst", "one")


def test_a_session_that_alone_is_too_large_loses_its_oldest_turns() -> None:
    desk = Desk(tool_kb=100)
    for kb in (40, 41, 42):
        memory = desk.call("coach", "one", kb)
    assert [len(one.answer) for one in memory.turns] == [41 * KB, 42 * KB]


def test_an_answer_over_the_limit_is_not_kept_and_the_session_goes_on() -> None:
    desk = Desk(tool_kb=100)
    assert not desk.call("coach", "one", kb=200).turns
    assert desk.call("coach", "one", kb=20).turns


def test_all_tools_together_stay_within_the_pool() -> None:
    desk = Desk(pool_kb=100)
    for tool in ("analyst", "coach", "crm", "chat"):
        desk.call(tool, "one")
    assert not desk.remembers("analyst", "one")
    assert desk.remembers("chat", "one")
    assert desk.sessions.held_bytes() <= 100 * KB


def test_notes_about_users_count_for_the_pool_and_those_of_the_caller_stay() -> None:
    desk = Desk(pool_kb=200)
    for caller in ("ann", "ben"):
        about = desk.sessions.of("agent", "coach", "one", caller).about_user
        about.db._memories.append({"memory_id": caller, "user_id": caller, "memory": "y" * 120 * KB})
        desk.call("coach", "one", caller=caller)
    assert not desk.sessions.of("agent", "coach", "one", "ann").about_user.db._memories
    assert desk.sessions.of("agent", "coach", "one", "ben").about_user.db._memories


def test_a_limit_that_is_lowered_holds_from_the_next_call_on() -> None:
    desk = Desk(tool_kb=200)
    for session in ("one", "two", "three"):
        desk.call("coach", session)
    desk.tool_kb = 50
    desk.call("coach", "three", kb=1)
    assert len(desk.sessions) == 1


def test_agnos_own_history_loses_its_oldest_runs() -> None:
    from agno.run.agent import RunOutput
    from agno.session import AgentSession

    desk = Desk(tool_kb=300)
    memory = desk.sessions.of("agent", "coach", "one", "ann")
    runs = [RunOutput(run_id=f"run-{n}", session_id="one", content="z" * 50 * KB, created_at=n) for n in range(10)]
    memory.session.db.upsert_session(AgentSession(session_id="one", runs=[]))
    for run in runs:
        memory.session.db.upsert_run(run, "one")
    desk.sessions.used("agent", "coach", "one", "ann")
    kept = [run["run_id"] for run in memory.session.db.get_runs(deserialize=False)[0]]
    assert kept
    assert kept == [f"run-{n}" for n in range(10)][-len(kept) :]
    assert desk.sessions.held_bytes("agent", "coach") <= 300 * KB


def test_forgotten_sessions_hold_nothing() -> None:
    desk = Desk()
    desk.call("coach", "one")
    assert desk.sessions.held_bytes("agent", "coach") > 30 * KB
    desk.sessions = Sessions(lambda _kind: 0.0, iter(range(1000)).__next__)
    desk.call("coach", "one")
    desk.sessions.sweep()
    assert (len(desk.sessions), desk.sessions.held_bytes()) == (0, pytest.approx(0, abs=500))


def test_bytes_are_those_of_everything_that_hangs_on_a_value_each_once() -> None:
    text = "x" * 1000
    assert 1000 < held_bytes(text) < 1100
    assert held_bytes([text, text]) < 1300
    assert held_bytes(turn(5000)) > 5000
    assert held_bytes({"self": str}) < 400
    assert held_bytes(None) == 0
