"""What each table promises, in a file and in PostgreSQL alike."""

from pathlib import Path
from threading import Barrier, Thread
from types import MappingProxyType

import pytest

from server.state import decisions as decisions_module
from server.state.database import StoreError
from server.state.decisions import DecisionRecord
from server.state.policies import Conflict, NewVersion, Version
from server.state.ratings import Rating
from server.state.store import Store, open_store

HELD = {"percent": 10, "state": "held"}
RUNNING = {"percent": 50, "state": "running"}


def change(**what: object) -> NewVersion:
    return NewVersion(who="dana", why="try it", what="rollout", **what)  # pyright: ignore[reportArgumentType]


def appended(store: Store, **what: object) -> Version:
    return store.policies.append(store.policies.number(), change(**what))


# Policy versions


def test_a_store_without_any_version_says_so(store: Store) -> None:
    assert store.policies.number() == 0
    assert store.policies.latest() is None
    assert store.policies.version(1) is None
    assert store.policies.history(10) == []


def test_a_version_is_kept_whole(store: Store, other: Store) -> None:
    new = NewVersion(
        who="dana",
        why="it was slow: «zu langsam» \x00 \ud800",
        what="set",
        settings={"ab_testing.agno_traffic_percentage": 50, "bridge_mode": None},
        rollouts=MappingProxyType({"gong_intelligence": MappingProxyType(HELD)}),
        difference=("bridge_mode: hybrid -> traditional_only", "two"),
        config={"digest": "d1"},
    )
    made = store.policies.append(0, new)
    assert made.number == 1
    assert (made.settings, made.rollouts, made.difference) == (new.settings, new.rollouts, new.difference)
    assert other.policies.latest() == made
    assert other.policies.version(1) == made


def test_a_change_that_another_came_before_is_refused_and_told_what_holds(store: Store, other: Store) -> None:
    first = store.policies.append(0, change(rollouts={"a": HELD}))
    with pytest.raises(Conflict, match="version 1 by dana") as refused:
        other.policies.append(0, change(rollouts={"a": RUNNING}))
    assert refused.value.newest == first
    assert store.policies.history(10) == [first]


def test_a_change_to_a_version_that_the_store_does_not_have_is_refused(store: Store) -> None:
    with pytest.raises(Conflict) as refused:
        store.policies.append(7, change())
    assert refused.value.newest is None
    assert store.policies.latest() is None


def test_the_number_is_known_at_once_to_who_appended_and_soon_to_others(store: Store, other: Store) -> None:
    assert other.policies.number() == 0
    for number in range(1, 4):
        appended(store)
        assert store.policies.number() == number
    while other.policies.number() != 3:
        pass


def test_history_is_newest_first_and_can_be_of_one_tool(store: Store) -> None:
    appended(store, rollouts={"a": HELD})
    appended(store, rollouts={"a": HELD, "b": HELD})
    appended(store, rollouts={"a": RUNNING, "b": HELD})
    appended(store, rollouts={"b": HELD})
    assert [one.number for one in store.policies.history(3)] == [4, 3, 2]
    assert [one.number for one in store.policies.history(10, "a")] == [4, 3, 1]
    assert [one.number for one in store.policies.history(10, "b")] == [2]
    assert store.policies.history(10, "c") == []


def test_of_several_who_append_at_once_exactly_one_wins(where: Path | str) -> None:
    rounds, won, lost = 5, list[int](), list[Version | None]()
    together = Barrier(4)

    def operator(name: str) -> None:
        with open_store(where) as store:
            for expected in range(rounds):
                together.wait()
                try:
                    won.append(store.policies.append(expected, NewVersion(who=name, why="", what="set")).number)
                except Conflict as conflict:
                    lost.append(conflict.newest)
                together.wait()

    with open_store(where) as store:
        operators = [Thread(target=operator, args=(name,)) for name in "abcd"]
        for one in operators:
            one.start()
        for one in operators:
            one.join()
        assert won == [1, 2, 3, 4, 5]
        assert sorted(one.number for one in lost if one) == [number for number in won for _ in range(3)]
        assert [one.number for one in store.policies.history(100)] == [5, 4, 3, 2, 1]


def test_a_text_that_is_none_is_refused_in_a_sentence(store: Store) -> None:
    with pytest.raises(StoreError, match="cannot be asked for this"):
        store.policies.history(1, "bad\udcff")


# Tallies


def test_each_process_has_a_tally_of_its_own(store: Store, other: Store) -> None:
    store.tallies.save("arm", "p1", {"gong/agno": {"calls": 3}, "gong/downstream": {"calls": 1}})
    other.tallies.save("arm", "p2", {"gong/agno": {"calls": 5}})
    store.tallies.save("arm", "p1", {"gong/agno": {"calls": 4}})
    store.tallies.save("other", "p1", {"gong/agno": {"calls": 9}})
    found = [(one.name, one.process, one.content["calls"]) for one in other.tallies.load("arm")]
    assert found == [("gong/agno", "p1", 4), ("gong/agno", "p2", 5), ("gong/downstream", "p1", 1)]


def test_tallies_are_found_by_how_their_names_begin(store: Store) -> None:
    store.tallies.save("arm", "p", {name: {} for name in ("a_b/agno", "a_b", "axb", "A_B", "a%")})
    assert {one.name for one in store.tallies.load("arm", "a_b")} == {"a_b", "a_b/agno"}
    assert {one.name for one in store.tallies.load("arm", "a%")} == {"a%"}
    store.tallies.save("arm", "p", {})


def test_old_tallies_are_forgotten_by_kind(store: Store) -> None:
    store.tallies.save("arm", "p", {"a": {}})
    store.tallies.save("other", "p", {"a": {}})
    store.tallies.prune("arm", store.tallies.load("arm")[0].at)
    assert len(store.tallies.load("arm")) == 1
    store.tallies.prune("arm", store.tallies.load("arm")[0].at + 1)
    assert store.tallies.load("arm") == []
    assert len(store.tallies.load("other")) == 1


# Leases


def test_a_lease_has_one_holder(store: Store, other: Store) -> None:
    assert store.leases.take("gates", "p1", 60)
    assert not other.leases.take("gates", "p2", 60)
    assert other.leases.take("cleanup", "p2", 60)
    assert store.leases.take("gates", "p1", 60), "its holder prolongs it"


def test_a_lease_that_is_given_back_or_has_ended_is_anybodys(store: Store, other: Store) -> None:
    store.leases.take("gates", "p1", 60)
    other.leases.release("gates", "p2")
    assert not other.leases.take("gates", "p2", 60), "only its holder gives it back"
    store.leases.release("gates", "p1")
    assert other.leases.take("gates", "p2", 0), "and this one ends as it begins"
    assert store.leases.take("gates", "p1", 60)


def test_a_lease_that_was_taken_under_a_clock_that_ran_ahead_keeps_nobody_out(store: Store, other: Store) -> None:
    store.leases.take("gates", "two days ahead", 172_800)
    assert other.leases.take("gates", "p2", 60)
    assert other.leases.take("gates", "p2", 60), "from now on it is the new holder's"


@pytest.mark.parametrize("number", [2**53, 2**63, 10**30, -1])
def test_what_no_database_can_keep_is_not_found(store: Store, number: int) -> None:
    assert store.policies.version(number) is None
    assert store.policies.history(abs(number)) == []


# Ratings


def test_a_rating_replaces_that_of_the_same_unit(store: Store) -> None:
    store.ratings.add("d1", "u1", 2, 10.0)
    store.ratings.add("d1", "u2", 5, 11.0)
    store.ratings.add("d1", "u1", 4, 12.0)
    assert store.ratings.of(0) == [Rating("d1", "u2", 5, 11.0), Rating("d1", "u1", 4, 12.0)]
    assert store.ratings.of(11.5) == [Rating("d1", "u1", 4, 12.0)]


# Catalogs and decisions


def test_a_catalog_belongs_to_one_configuration_of_its_server(store: Store) -> None:
    store.catalogs.save("gong", "old", {"v": 1})
    store.catalogs.save("slack", "old", {"v": 1})
    store.catalogs.save("gong", "new", {"v": 2})
    store.catalogs.save("gong", "new", {"v": 3})
    assert store.catalogs.load("gong", "new") == {"v": 3}
    assert store.catalogs.load("gong", "old") is None
    assert store.catalogs.load("slack", "old") == {"v": 1}


def test_decisions_are_asked_by_tool_and_time_newest_first(store: Store) -> None:
    made = [DecisionRecord(str(n), float(n), "ab"[n % 2], {"n": n}) for n in range(10)]
    store.decisions.save(made)
    store.decisions.save(made[:1])
    store.decisions.save([])
    assert [one.id for one in store.decisions.latest("a", 0, 3)] == ["8", "6", "4"]
    assert [one.id for one in store.decisions.latest("b", 6.5, 10)] == ["9", "7"]
    assert [one.id for one in store.decisions.latest(None, 0, 100)] == [str(n) for n in range(9, -1, -1)]
    assert store.decisions.find("3") == made[3]


@pytest.mark.parametrize("strange", ["", "nobody's", "a\x00b", "\ud800", "🙂"])
def test_a_decision_that_nobody_made_is_not_found_however_it_is_asked(store: Store, strange: str) -> None:
    assert store.decisions.find(strange) is None


def test_decisions_are_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decisions_module, "KEPT", 3)
    for n in range(10):
        store.decisions.save([DecisionRecord(str(n), float(n), "sales_coach", {})])
    kept = [one.id for one in store.decisions.latest("sales_coach", 0, 100)]
    assert kept[:3] == ["9", "8", "7"]
    assert len(kept) <= 4
