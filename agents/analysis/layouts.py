"""How warehouses that nobody prepared for us hold their deals, and the view `opportunities` over each, as data.

Everything that agents compute is written over that view. A warehouse that has it is asked as it is; for one that has
its deals in tables of a known layout the view is put in front of every query instead, so nothing needs to be created
there. The definitions are DuckDB's SQL, for `agents.analysis.metrics.translated` to render.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agents.analysis.kpi import RELATIONS

__all__ = ["LAYOUTS", "VIEW_PROBE", "Layout", "is_ours", "over", "reads_the_view"]

VIEW_COLUMNS = (
    "opportunity_id, sales_agent, manager, regional_office, product, account, sector, deal_stage, engage_date, "
    "close_date, close_value, list_price"
)
VIEW_PROBE = f"SELECT {VIEW_COLUMNS} FROM opportunities WHERE 1 = 0"  # noqa: S608  constants of ours
"""Answered without an error where the view is there."""
VIEW = re.compile(r"\bopportunities\b", re.IGNORECASE)
LEADING_WITH = re.compile(r"\s*WITH\s+(?!RECURSIVE\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Layout:
    """Tables of a known form. `probes` are answered without an error where they are there."""

    id: str
    probes: Sequence[str]
    opportunities: str


MAVEN = Layout(
    "maven",
    (
        "SELECT opportunity_id, sales_agent, product, account, deal_stage, engage_date, close_date, close_value "
        "FROM sales_pipeline WHERE 1 = 0",
        "SELECT sales_agent, manager, regional_office FROM sales_teams WHERE 1 = 0",
        "SELECT product, sales_price FROM products WHERE 1 = 0",
        "SELECT account, sector FROM accounts WHERE 1 = 0",
    ),
    """SELECT p.opportunity_id, p.sales_agent, t.manager, t.regional_office,
  COALESCE(d.product, p.product) AS product, NULLIF(p.account, '') AS account,
  CASE WHEN a.sector = 'technolgy' THEN 'technology' ELSE a.sector END AS sector, p.deal_stage,
  CAST(NULLIF(CAST(p.engage_date AS VARCHAR), '') AS DATE) AS engage_date,
  CAST(NULLIF(CAST(p.close_date AS VARCHAR), '') AS DATE) AS close_date,
  CAST(NULLIF(CAST(p.close_value AS VARCHAR), '') AS DOUBLE) AS close_value,
  CAST(d.sales_price AS DOUBLE) AS list_price, p.product AS product_original
FROM sales_pipeline AS p
LEFT JOIN products AS d ON LOWER(REPLACE(d.product, ' ', '')) = LOWER(REPLACE(p.product, ' ', ''))
LEFT JOIN sales_teams AS t ON t.sales_agent = p.sales_agent
LEFT JOIN accounts AS a ON a.account = p.account""",
)
"""The four files of the public Maven CRM set, loaded as they are: `GTXPro` is `GTX Pro`, an empty field is NULL."""

CANONICAL = Layout(
    "canonical",
    ("SELECT id, owner_id, amount, is_won, is_closed, close_date, created_date FROM opp WHERE 1 = 0",),
    """SELECT CAST(id AS VARCHAR) AS opportunity_id, CAST(owner_id AS VARCHAR) AS sales_agent,
  CAST(NULL AS VARCHAR) AS manager, CAST(NULL AS VARCHAR) AS regional_office, CAST(NULL AS VARCHAR) AS product,
  CAST(NULL AS VARCHAR) AS account, CAST(NULL AS VARCHAR) AS sector,
  CASE WHEN CAST(is_won AS INTEGER) = 1 THEN 'Won' WHEN CAST(is_closed AS INTEGER) = 1 THEN 'Lost' ELSE 'Engaging' END
    AS deal_stage,
  CAST(created_date AS DATE) AS engage_date,
  CASE WHEN CAST(is_closed AS INTEGER) = 1 THEN CAST(close_date AS DATE) END AS close_date,
  CASE WHEN CAST(is_closed AS INTEGER) = 1 THEN CAST(amount AS DOUBLE) END AS close_value,
  CAST(NULL AS DOUBLE) AS list_price
FROM opp""",
)
"""One table of opportunities, as `agents.analysis.kpis` describes it."""

LAYOUTS = (MAVEN, CANONICAL)


OURS = re.compile(rf"\b(?:FROM|JOIN|,)\s+(?:opportunities|{'|'.join(RELATIONS)})\b", re.IGNORECASE)
"""A statement over the view or over one of the relations of our figures is written in DuckDB's SQL."""


def is_ours(sql: str) -> bool:
    """Whether a statement has to be rendered for the engine."""
    return OURS.search(sql) is not None


def reads_the_view(sql: str) -> bool:
    """Whether a statement speaks of the view at all."""
    return VIEW.search(sql) is not None


def over(layout: Layout, sql: str) -> str:
    """The statement with the view of this layout in front of it."""
    view = f"WITH opportunities AS (\n{layout.opportunities}\n)"
    leading = LEADING_WITH.match(sql)
    return f"{view}, {sql[leading.end() :]}" if leading else f"{view}\n{sql}"
