"""Sessions end when they have been idle too long, and are nobody else's."""

import pytest

from agents.memory import Turn
from server.surface import sessions as sessions_module
from server.surface.sessions import Sessions

TURN = Turn("How is Acme?", {"account": "Acme"}, None, "Fine.")


class Clock:
    s = 0.0

    def __call__(self) -> float:
        return self.s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(clock: Clock) -> Sessions:
    return Sessions({"agent": 30 * 60.0, "team": 60 * 60.0}.__getitem__, clock)


def test_a_session_lasts_while_it_is_used_and_is_forgotten_after_its_idle_time(
    sessions: Sessions, clock: Clock
) -> None:
    for _ in range(5):
        sessions.of("agent", "a", "s").turns.append(TURN)
        clock.s += 29 * 60
    assert sessions.of("agent", "a", "s").last == TURN
    clock.s += 31 * 60
    assert sessions.of("agent", "a", "s").last is None


def test_a_team_remembers_for_an_hour(sessions: Sessions, clock: Clock) -> None:
    sessions.of("team", "t", "s").turns.append(TURN)
    clock.s = 59 * 60
    sessions.sweep()
    assert sessions.of("team", "t", "s").last == TURN
    clock.s += 61 * 60
    sessions.sweep()
    assert len(sessions) == 0


@pytest.mark.parametrize(
    "other", [("agent", "b", "s", "ann"), ("agent", "a", "x", "ann"), ("agent", "a", "s", "ben")]
)
def test_another_tool_session_or_caller_sees_nothing(sessions: Sessions, other: tuple[str, str, str, str]) -> None:
    sessions.of("agent", "a", "s", "ann").turns.append(TURN)
    assert sessions.of(*other).last is None  # type: ignore[arg-type]
    assert sessions.of("agent", "a", "s", "ann").last == TURN


def test_what_is_noted_about_a_user_is_theirs_in_every_session(sessions: Sessions) -> None:
    assert sessions.of("agent", "a", "s", "ann").about_user is sessions.of("agent", "b", "x", "ann").about_user
    assert sessions.of("agent", "a", "s", "ann").about_user is not sessions.of("agent", "a", "s", "ben").about_user


def test_the_longest_idle_goes_when_there_are_too_many(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions_module, "MOST", 3)
    for name in ("one", "two", "three"):
        sessions.of("agent", "a", name).turns.append(TURN)
    sessions.of("agent", "a", "one")
    sessions.of("agent", "a", "four")
    assert sessions.of("agent", "a", "one").last == TURN
    assert sessions.of("agent", "a", "two").last is None
