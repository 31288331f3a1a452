"""Progress in full as a rule, thinned out when a server floods."""

from server.surface.pace import BURST, PER_S, Pace


def test_a_burst_passes_and_a_flood_is_thinned_to_a_steady_rate() -> None:
    clock = [0.0]
    pace = Pace(lambda: clock[0])
    assert all(pace.allows() for _ in range(BURST))
    assert not pace.allows()
    passed = 0
    for _ in range(10_000):
        clock[0] += 0.001
        passed += pace.allows()
    assert abs(passed - 10 * PER_S) <= 1


def test_steps_at_a_readable_pace_all_pass() -> None:
    clock = [0.0]
    pace = Pace(lambda: clock[0])
    for _ in range(1_000):
        clock[0] += 1 / PER_S
        assert pace.allows()
