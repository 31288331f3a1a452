"""Deals beside their calls: which signs of risk are told, with which words, and what is not judged.

Every call, person and deal here is synthetic.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import duckdb
import pytest

from agents.hubspot_crm import HUBSPOT_CRM
from agents.sources import (
    Call,
    CallQuery,
    CallScope,
    Found,
    Names,
    Party,
    Sentence,
    SourceError,
    Sources,
    Table,
    Transcript,
)
from agents.tool import Observation
from agents.warehouse_tools.risk_calls import DealSigns
from agents.warehouse_tools.risks import RiskData, RiskParameters

AS_OF = date(2017, 12, 31)
RISKS = next(tool for tool in HUBSPOT_CRM.tools if tool.name == "deal_risks")
DEALS = """
CREATE TABLE opportunities AS SELECT *, CAST(engaged AS DATE) AS engage_date, CAST(closed AS DATE) AS close_date FROM (VALUES
  ('W1', 'Rae Rep', 'Kit', 'Acorn', 'Won', '2017-01-01', '2017-03-02', 100, 100),
  ('D1', 'Rae Rep', 'Kit', 'Acorn', 'Engaging', '2017-06-01', NULL, NULL, 900),
  ('D2', 'Rae Rep', 'Kit', 'Birch', 'Engaging', '2017-12-20', NULL, NULL, 800),
  ('D3', 'Sol Sales', 'Kit', 'Cedar', 'Engaging', '2017-05-01', NULL, NULL, 700),
  ('D4', 'Sol Sales', 'Kit', NULL, 'Engaging', '2017-05-01', NULL, NULL, 600)
) AS t(opportunity_id, sales_agent, product, account, deal_stage, engaged, closed, close_value, list_price),
(SELECT 'Mia Manager' AS manager, 'East' AS regional_office, 'software' AS sector) AS team;
"""
HISTORY = """
CREATE TABLE close_hist (opp_id TEXT, old_close DATE, new_close DATE);
INSERT INTO close_hist VALUES ('D1', '2017-10-01', '2017-11-01'), ('D1', '2017-11-01', '2017-12-01'), ('D3', '2017-12-01', '2017-11-01');
"""
LONE = (
    ("rep", "Thanks for the time today."),
    ("one", "We are also looking at Corvanta, and they quoted us for the same kit."),
    ("rep", "I see what you mean there."),
    ("one", "The weather was terrible this morning."),
)
GOOD = (
    ("rep", "The price is $900 for the kit."),
    ("one", "That fits our plan for the year."),
    ("two", "It fits the plant as well."),
    ("rep", "I'll send you the contract by Friday."),
    ("one", "Sounds good to me."),
)


@dataclass
class SmallWarehouse:
    connection: duckdb.DuckDBPyConnection

    async def as_of(self) -> date:
        return AS_OF

    async def query(self, sql: str) -> Table:
        try:
            cursor = self.connection.cursor().execute(sql)
        except duckdb.Error as error:
            raise SourceError("refused", str(error)) from error
        return Table(tuple(column[0] for column in cursor.description or ()), tuple(cursor.fetchall()))


@dataclass
class Recorded:
    """Calls in memory; counts what it was asked."""

    calls: list[Call] = field(default_factory=list[Call])
    words: dict[str, Sequence[tuple[str, str]]] = field(default_factory=dict[str, Sequence[tuple[str, str]]])
    listed: int = 0

    def add(
        self,
        account: str,
        day: date,
        said: Sequence[tuple[str, str]],
        titles: tuple[str, ...] = ("Analyst",),
        **call: str,
    ) -> None:
        people = [("one", "Oda One"), ("two", "Tor Two")][: len(titles)]
        parties = (
            Party("p0", "Rae Rep", "internal", speaker_id="rep"),
            *(
                Party(id_, name, "external", title, speaker_id=id_)
                for (id_, name), title in zip(people, titles, strict=True)
            ),
        )
        id_ = f"c{len(self.calls) + 1}"
        started = datetime(day.year, day.month, day.day, 10, tzinfo=UTC)
        self.calls.append(Call(id_, f"{account} call", started, 60, parties, account=account, synthetic=True, **call))  # pyright: ignore[reportArgumentType]
        self.words[id_] = said

    async def as_of(self) -> date:
        return AS_OF

    async def names(self) -> Names:
        return Names(accounts=tuple({call.account or "" for call in self.calls}))

    async def find(self, scope: CallScope) -> Sequence[Call]:
        self.listed += 1
        return sorted(self.calls, key=lambda call: call.started, reverse=True)

    async def transcript(self, call_id: str) -> Transcript:
        said = enumerate(self.words[call_id])
        return Transcript(call_id, tuple(Sentence(who, n * 5000, n * 5000 + 4000, text) for n, (who, text) in said))

    async def search(self, query: CallQuery) -> Found:
        raise NotImplementedError

    async def notes(self) -> Sequence[str]:
        return ()


@pytest.fixture
def deals() -> SmallWarehouse:
    connection = duckdb.connect()
    connection.execute(DEALS)
    return SmallWarehouse(connection)


@pytest.fixture
def recorded() -> Recorded:
    return Recorded()


async def ask(deals: SmallWarehouse, recorded: Recorded | None, **wanted: int) -> Observation:
    return await RISKS.run(Sources(warehouse=deals, calls=recorded), RiskParameters(**wanted))  # pyright: ignore[reportArgumentType]


def signs_of(seen: Observation, deal_id: str) -> DealSigns:
    assert isinstance(seen.data, RiskData)
    return next(it for it in seen.data.with_calls if it.deal.id == deal_id)


async def test_a_deal_shows_every_sign_that_its_calls_carry(deals: SmallWarehouse, recorded: Recorded) -> None:
    recorded.add("Acorn", date(2017, 11, 1), LONE)
    found = signs_of(await ask(deals, recorded), "D1")
    assert {sign.rule for sign in found.signs} == {
        "competitor",
        "no_next_step",
        "quiet",
        "single_threaded",
        "no_senior_title",
        "no_pricing",
    }


async def test_a_named_competitor_is_quoted_with_its_time(deals: SmallWarehouse, recorded: Recorded) -> None:
    recorded.add("Acorn", date(2017, 12, 30), LONE)
    seen = await ask(deals, recorded)
    assert (
        "Corvanta: [00:05 Oda One] “We are also looking at Corvanta, and they quoted us for the same kit.”"
        in seen.text
    )
    cited = {citation.id for citation in seen.citations}
    assert all(set(finding.citations) <= cited for finding in seen.findings)
    assert {finding.kind for finding in seen.findings} == {"candidate"}


async def test_a_deal_in_good_shape_has_no_sign(deals: SmallWarehouse, recorded: Recorded) -> None:
    recorded.add("Birch", date(2017, 12, 29), GOOD, titles=("VP Operations", "Engineer"))
    seen = await ask(deals, recorded)
    assert signs_of(seen, "D2").signs == []
    assert "No sign of risk found" in seen.text


async def test_how_many_days_are_quiet_is_for_the_reader_to_say(deals: SmallWarehouse, recorded: Recorded) -> None:
    recorded.add("Birch", date(2017, 12, 1), GOOD, titles=("VP Operations", "Engineer"))
    assert [sign.rule for sign in signs_of(await ask(deals, recorded), "D2").signs] == ["quiet"]
    assert signs_of(await ask(deals, recorded, quiet_days=40), "D2").signs == []


async def test_calls_about_another_deal_say_nothing_of_this_ones_next_step(
    deals: SmallWarehouse, recorded: Recorded
) -> None:
    recorded.add("Acorn", date(2017, 12, 30), LONE, deal_id="W1")
    seen = await ask(deals, recorded)
    found = signs_of(seen, "D1")
    assert [sign.rule for sign in found.signs] == ["competitor"]
    assert found.not_judged["no_next_step"] == "the recorded calls are about other deals of the account"
    assert "no call about it, 1 with the account about other deals" in seen.text
    assert "(a call about another deal)" in seen.text


async def test_deals_without_calls_or_without_an_account_say_so(deals: SmallWarehouse, recorded: Recorded) -> None:
    recorded.add("Acorn", date(2017, 12, 30), GOOD)
    seen = await ask(deals, recorded)
    assert "No recorded calls with Cedar." in seen.text
    assert "1 of these deals has no account, so no calls can be matched." in seen.text


async def test_close_dates_moved_back_are_told_where_a_history_is_kept(
    deals: SmallWarehouse, recorded: Recorded
) -> None:
    assert "moved back" not in (await ask(deals, recorded)).text
    deals.connection.execute(HISTORY)
    assert "Close date moved back: D1 2 times." in (await ask(deals, recorded)).text


async def test_a_private_call_is_neither_read_nor_counted(deals: SmallWarehouse, recorded: Recorded) -> None:
    recorded.add("Cedar", date(2017, 12, 30), LONE, private=True)  # pyright: ignore[reportArgumentType]
    seen = await ask(deals, recorded)
    assert "Corvanta" not in seen.text
    assert any("1 private call left out" in note for note in seen.notes)


async def test_a_call_in_another_language_is_not_judged_by_english_cues(
    deals: SmallWarehouse, recorded: Recorded
) -> None:
    recorded.add("Acorn", date(2017, 12, 30), LONE, language="de-DE")
    found = signs_of(await ask(deals, recorded), "D1")
    assert {"competitor", "no_next_step", "no_pricing"} <= set(found.not_judged)


async def test_however_many_calls_there_are_they_are_listed_once(deals: SmallWarehouse, recorded: Recorded) -> None:
    for account in ("Acorn", "Birch", "Cedar"):
        recorded.add(account, date(2017, 12, 30), GOOD)
    await ask(deals, recorded)
    assert recorded.listed == 1
