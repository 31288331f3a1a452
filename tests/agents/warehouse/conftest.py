"""The bundled CRM files in memory, behind the Protocol that agents ask."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb
import pytest

from agents.sources import SourceError, Sources, Table

MAVEN = Path(__file__).parents[3] / "workspace" / "data" / "maven_crm"
AS_OF = date(2017, 12, 31)
VIEW = """
CREATE VIEW opportunities AS
SELECT p.opportunity_id, p.sales_agent, t.manager, t.regional_office, g.product, p.account,
  replace(a.sector, 'technolgy', 'technology') AS sector, p.deal_stage, p.deal_stage = 'Won' AS is_won,
  p.deal_stage IN ('Won', 'Lost') AS is_closed, p.engage_date, p.close_date, p.close_value, g.sales_price AS list_price,
  p.product AS product_original
FROM sales_pipeline p
LEFT JOIN sales_teams t USING (sales_agent)
LEFT JOIN accounts a USING (account)
LEFT JOIN products g ON g.product = replace(p.product, 'GTXPro', 'GTX Pro')
"""


@dataclass
class MavenWarehouse:
    """A warehouse that keeps what it was asked."""

    connection: duckdb.DuckDBPyConnection
    asked: list[str] = field(default_factory=list)

    async def as_of(self) -> date:
        return AS_OF

    async def query(self, sql: str) -> Table:
        self.asked.append(sql)
        try:
            cursor = self.connection.cursor().execute(sql)
        except duckdb.Error as error:
            raise SourceError("refused", f"The warehouse rejected the query: {str(error).splitlines()[0]}") from error
        return Table(tuple(column[0] for column in cursor.description or ()), tuple(cursor.fetchall()))


@pytest.fixture(scope="session")
def maven() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    for name in ("accounts", "products", "sales_pipeline", "sales_teams"):
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM read_csv('{MAVEN / name}.csv', header = true)")
    connection.execute(VIEW)
    yield connection
    connection.close()


@pytest.fixture
def warehouse(maven: duckdb.DuckDBPyConnection) -> MavenWarehouse:
    return MavenWarehouse(maven)


@pytest.fixture
def sources(warehouse: MavenWarehouse) -> Sources:
    return Sources(warehouse=warehouse)
