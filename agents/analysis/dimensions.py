"""What a metric can be split by, and the words people use for it.

Months and quarters are cut out of the ISO text of a day, which every engine writes alike.
"""

from agents.analysis.metric import Dimension, says

__all__ = ["DIMENSIONS"]

DAY_TEXT = "CAST({date} AS VARCHAR)"
MONTH_TEXT = f"SUBSTR({DAY_TEXT}, 6, 2)"
QUARTER = (
    f"SUBSTR({DAY_TEXT}, 1, 4) || CASE WHEN {MONTH_TEXT} <= '03' THEN '-Q1' WHEN {MONTH_TEXT} <= '06' THEN '-Q2' "
    f"WHEN {MONTH_TEXT} <= '09' THEN '-Q3' WHEN {MONTH_TEXT} <= '12' THEN '-Q4' END"
)

DIMENSIONS = (
    Dimension(
        "sales_agent",
        "Rep",
        "sales_agent",
        says(
            "rep, sales rep, sales agent, agent, seller, salesperson, salespeople, people, person, account "
            "executive, ae"
        ),
    ),
    Dimension("manager", "Manager", "manager", says("manager, sales manager, team")),
    Dimension("regional_office", "Region", "regional_office", says("region, regional office, office, territory")),
    Dimension("product", "Product", "product", says("product, sku, item, product line")),
    Dimension("account", "Account", "account", says("account, customer, company, client")),
    Dimension("sector", "Sector", "sector", says("sector, industry, vertical, segment")),
    Dimension("deal_stage", "Stage", "deal_stage", says("deal stage, stage, status")),
    Dimension(
        "month",
        "Month",
        f"SUBSTR({DAY_TEXT}, 1, 7)",
        says("month, monthly, month over month, month by month, mom, trend, over time"),
    ),
    Dimension(
        "quarter",
        "Quarter",
        QUARTER,
        says("quarter, quarterly, quarter over quarter, quarter by quarter, qoq"),
    ),
)
