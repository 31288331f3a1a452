"""How many repeats a server is asked to bear."""

from server.bridge.retry_budget import RESERVE, WINDOW_S, RetryBudget


def taken(budget: RetryBudget, now: float) -> int:
    count = 0
    while budget.take(now):
        count += 1
    return count


def test_a_fifth_of_the_calls_may_be_repeated_beside_the_reserve() -> None:
    budget = RetryBudget()
    for _ in range(100):
        budget.called(0)
    assert taken(budget, 0) == RESERVE + 20


def test_a_server_that_is_rarely_called_may_still_be_tried_again() -> None:
    assert taken(RetryBudget(), 0) == RESERVE


def test_what_was_called_and_repeated_is_forgotten_after_the_window() -> None:
    budget = RetryBudget()
    for _ in range(100):
        budget.called(0)
    assert taken(budget, 5) == RESERVE + 20
    assert budget.left(WINDOW_S) == 0  # the calls are forgotten before the repeats
    assert budget.left(5 + WINDOW_S) == RESERVE


def test_a_server_that_fails_every_call_hears_little_more_than_the_calls_themselves() -> None:
    budget = RetryBudget()
    repeats = 0
    for tick in range(6000):  # a minute of 100 calls a second, each of which would be repeated twice
        now = tick / 100
        budget.called(now)
        repeats += budget.take(now) + budget.take(now)
    assert repeats <= 0.2 * 6000 + RESERVE * 60 / WINDOW_S
