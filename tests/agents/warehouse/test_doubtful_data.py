"""What the data-quality answer doubts deal by deal, and what an empty period says of the data. All names are synthetic."""

from dataclasses import replace
from typing import Any

import duckdb
import pytest

from agents.executive_knowledge import EXECUTIVE_KNOWLEDGE
from agents.hubspot_crm import HUBSPOT_CRM
from agents.sources import SourceError, Sources
from agents.tool import Observation

DEALS = """
CREATE TABLE opportunities AS SELECT *, 'Kit' AS product, 'Mia Manager' AS manager, 'East' AS regional_office,
  'software' AS sector, 100 AS list_price, CAST('2017-01-01' AS DATE) AS engage_date FROM (VALUES
  ('A1', 'Rae Rep', 'Northwind Traders', 'Won', CAST('2017-03-02' AS DATE), 100),
  ('A1', 'Rae Rep', 'Northwind Trader Inc.', 'Won', CAST('2017-03-05' AS DATE), 100),
  ('B2', 'Rae Rep', 'Harbor Light', 'Engaging', CAST(NULL AS DATE), NULL)
) AS t(opportunity_id, sales_agent, account, deal_stage, close_date, close_value);
"""
EXPECTED = """
CREATE TABLE opp (id TEXT, owner_id TEXT, amount INTEGER, is_won INTEGER, is_closed INTEGER, close_date DATE, created_date DATE);
INSERT INTO opp VALUES ('B2', 'rae', 10, 0, 0, '2017-06-30', '2017-01-01'), ('B3', 'rae', 10, 0, 0, '2018-06-30', '2017-01-01');
"""


@pytest.fixture
def small(warehouse: Any) -> Any:
    connection = duckdb.connect()
    connection.execute(DEALS)
    return replace(warehouse, connection=connection)


async def ask(warehouse: Any, tool: str, **parameters: Any) -> Observation:
    tools = {it.name: it for it in (*HUBSPOT_CRM.tools, *EXECUTIVE_KNOWLEDGE.tools)}
    return await tools[tool].run(Sources(warehouse=warehouse), tools[tool].parameters.model_validate(parameters))


async def test_accounts_spelt_almost_alike_are_shown_as_candidates(small: Any) -> None:
    seen = await ask(small, "data_quality")
    assert "(candidates, with their deals): Northwind Trader Inc. (1) and Northwind Traders (1)." in seen.text
    assert any(it.kind == "candidate" and "may be one account" in it.statement for it in seen.findings)


async def test_an_id_that_is_used_twice_is_named(small: Any) -> None:
    assert "Ids used more than once, such as A1." in (await ask(small, "data_quality")).text


async def test_open_deals_past_their_date_are_named_where_a_date_is_expected(small: Any) -> None:
    assert "Not checked: open deals past their date" in (await ask(small, "data_quality")).text
    small.connection.execute(EXPECTED)
    seen = await ask(small, "data_quality")
    assert "Past due: 1 open deal was to close before the data ends, such as B2." in seen.text


@pytest.mark.parametrize("tool", ["executive_brief", "why_lost", "pipeline_overview"])
async def test_a_period_without_deals_names_the_span_of_the_data(small: Any, tool: str) -> None:
    with pytest.raises(SourceError, match="There are some from 2017-03-02 to 2017-03-05"):
        await ask(small, tool, period="2016-Q2")
