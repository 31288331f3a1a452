"""What a metric can be split by, and the words people use for it."""

from agents.analysis.metric import Dimension, says

__all__ = ["DIMENSIONS"]

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
        "STRFTIME({date}, '%Y-%m')",
        says("month, monthly, month over month, month by month, mom, trend, over time"),
    ),
    Dimension(
        "quarter",
        "Quarter",
        "CONCAT(EXTRACT(YEAR FROM {date}), '-Q', EXTRACT(QUARTER FROM {date}))",
        says("quarter, quarterly, quarter over quarter, quarter by quarter, qoq"),
    ),
)
