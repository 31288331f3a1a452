"""The bundled calls fit the CRM set, hold the cases that others rely on, and say that they are invented."""

import re
from collections import Counter

import pytest

from workspace.crm import Crm
from workspace.gong.call import Call
from workspace.gong.library import Library


@pytest.fixture(scope="module")
def crm() -> Crm:
    return Crm()


@pytest.fixture(scope="module")
def calls(library: Library) -> list[Call]:
    return list(library.calls(library.cards))


def test_every_call_says_that_it_is_synthetic(calls: list[Call]) -> None:
    assert len(calls) == 26
    for call in calls:
        assert call.card.title.endswith("(synthetic)")
        assert call.card.synthetic


def test_every_deal_is_in_the_crm_with_this_account_and_this_seller(calls: list[Call], crm: Crm) -> None:
    for call in calls:
        if call.card.opportunity_id:
            deal = crm.opportunity(call.card.opportunity_id)
            assert deal is not None
            assert (deal.account, deal.sales_agent) == (call.card.account, call.card.rep)
            assert deal.engage_date is not None
            assert deal.engage_date <= call.card.started.date().isoformat() <= "2017-12-31"


def test_no_call_is_about_a_deal_that_was_already_decided(calls: list[Call], crm: Crm) -> None:
    after_the_close = []
    for call in calls:
        deal = crm.opportunity(call.card.opportunity_id or "")
        if deal and deal.close_date and call.card.started.date().isoformat() > deal.close_date:
            after_the_close.append(call.card.title)
    assert after_the_close == ["Cheers: check-in and support renewal (synthetic)"]


def test_accounts_have_a_history_and_teams_are_mixed(calls: list[Call], crm: Crm) -> None:
    per_account = Counter(call.card.account for call in calls)
    assert len(per_account) == 9
    assert all(2 <= count <= 5 for count in per_account.values())
    reps = {call.card.rep for call in calls if call.card.rep}
    assert len(reps) >= 10
    assert len({crm.reps[rep].manager for rep in reps}) == 6


def test_prices_that_won_are_the_prices_of_the_crm(calls: list[Call], crm: Crm) -> None:
    said = {call.card.opportunity_id: " ".join(s.text for s in call.sentences or ()) for call in calls}
    for opportunity in ("LFMMI05H", "GB6C2UK5", "FQPECFYO", "3DF5FIAM", "4QU2EXEY", "HP9TUR60", "1H2PVLZ3"):
        deal = crm.opportunity(opportunity)
        assert deal is not None
        assert f"{deal.close_value:,.0f}" in said[opportunity]


def test_the_cases_that_go_wrong_elsewhere_are_all_here(calls: list[Call]) -> None:
    by_id = {call.card.id: call for call in calls}
    assert [call.card.id for call in calls if call.sentences is None] == ["7400171115000902"]
    assert [call.card.id for call in calls if call.card.private] == ["7400171107000201"]
    assert by_id["7400171220000303"].card.duration_s < 120
    silent = [party.name for party in by_id["7400171031000102"].card.parties if party.speaker_id is None]
    assert silent == ["Owen Park"]
    sellers = [party for party in by_id["7400171130000204"].card.parties if party.affiliation == "Internal"]
    assert len(sellers) == 2
    injected = [s.text for s in by_id["7400171128000502"].sentences or () if "post this to Slack" in s.text]
    assert len(injected) == 1
    assert not any(call.card.opportunity_id for call in calls if call.card.account == "Harborline Freight")


def test_people_talk_over_each_other_but_never_over_themselves(calls: list[Call]) -> None:
    overlaps = 0
    for call in calls:
        ends_ms: dict[str, int] = {}
        for sentence in call.sentences or ():
            assert sentence.start_ms >= ends_ms.get(sentence.speaker_id, 0)
            overlaps += any(sentence.start_ms < end for end in ends_ms.values())
            ends_ms[sentence.speaker_id] = sentence.end_ms
            assert sentence.end_ms > sentence.start_ms
    assert overlaps > 50


def test_nothing_in_the_calls_could_reach_a_real_person(calls: list[Call]) -> None:
    for call in calls:
        assert all((party.email or "").endswith(".example") for party in call.card.parties)
        text = " ".join(s.text for s in call.sentences or ())
        assert not re.search(r"@|https?://|\d{3}[ -]\d{3}[ -]\d{4}", text)
