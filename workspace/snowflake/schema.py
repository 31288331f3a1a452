"""What the warehouse holds: the CSV files as they are, and the views that put them right.

`raw_*` tables are the files, every column text, an empty field NULL. The views are what to ask: they give
types, join what belongs together, and correct misspellings in the open: `corrections` lists them, the
original stands beside the corrected value, and `normalised` is true where they differ. `data_quality`
counts every correction and every gap.
"""

__all__ = ["DESCRIPTIONS", "RAW_FILES", "VIEWS"]

RAW_FILES = {
    "raw_pipeline": "sales_pipeline.csv",
    "raw_accounts": "accounts.csv",
    "raw_products": "products.csv",
    "raw_teams": "sales_teams.csv",
}

DESCRIPTIONS = {
    "opportunities": "One row a deal, with its seller, manager, product, customer and list price. Ask this one first. "
    "deal_stage: Prospecting, Engaging, Won, Lost. close_value is in USD, 0 where lost, NULL while open.",
    "accounts": "The 85 customers. revenue is a year's, in million USD.",
    "products": "The 7 products with their list price in USD.",
    "sales_teams": "The 35 sellers with manager and office; 5 of them have no deal.",
    "data_quality": "What was corrected and what is missing, with the number of rows each. Read it before a report.",
    "corrections": "The misspellings that the views correct: wrong, meant.",
    "raw_pipeline": "The deals as published, dirt included; text only.",
    "raw_accounts": "The customers as published; text only.",
    "raw_products": "The products as published; text only.",
    "raw_teams": "The sellers as published; text only.",
}

VIEWS = {
    "products": "SELECT product, series, sales_price::BIGINT AS list_price FROM raw_products",
    "sales_teams": "SELECT sales_agent, manager, regional_office FROM raw_teams",
    "accounts": """
        SELECT account, coalesce(s.meant, sector) AS sector, year_established::INTEGER AS year_established,
               revenue::DOUBLE AS revenue, employees::INTEGER AS employees,
               coalesce(o.meant, office_location) AS office_location, subsidiary_of,
               sector AS sector_original, office_location AS office_location_original,
               s.meant IS NOT NULL OR o.meant IS NOT NULL AS normalised
        FROM raw_accounts
        LEFT JOIN corrections s ON s.wrong = sector
        LEFT JOIN corrections o ON o.wrong = office_location""",
    "opportunities": """
        SELECT p.opportunity_id, p.sales_agent, t.manager, t.regional_office,
               coalesce(c.meant, p.product) AS product, p.account, a.sector,
               p.deal_stage, p.deal_stage = 'Won' AS is_won, p.deal_stage IN ('Won', 'Lost') AS is_closed,
               p.engage_date::DATE AS engage_date, p.close_date::DATE AS close_date,
               p.close_value::BIGINT AS close_value, d.list_price,
               p.product AS product_original, c.meant IS NOT NULL AS normalised
        FROM raw_pipeline p
        LEFT JOIN corrections c ON c.wrong = p.product
        LEFT JOIN products d ON d.product = coalesce(c.meant, p.product)
        LEFT JOIN raw_teams t ON t.sales_agent = p.sales_agent
        LEFT JOIN accounts a ON a.account = p.account""",
    "data_quality": """
        SELECT 'raw_pipeline' AS table_name, 'normalised' AS kind,
               'product spelled wrong, see corrections' AS what,
               count(*) FILTER (WHERE product IN (SELECT wrong FROM corrections)) AS rows, count(*) AS of_rows
        FROM raw_pipeline
        UNION ALL
        SELECT 'raw_accounts', 'normalised', 'sector spelled wrong, see corrections',
               count(*) FILTER (WHERE sector IN (SELECT wrong FROM corrections)), count(*) FROM raw_accounts
        UNION ALL
        SELECT 'raw_accounts', 'normalised', 'office_location spelled wrong, see corrections',
               count(*) FILTER (WHERE office_location IN (SELECT wrong FROM corrections)), count(*) FROM raw_accounts
        UNION ALL
        SELECT 'raw_pipeline', 'gap', 'deal without an account',
               count(*) FILTER (WHERE account IS NULL), count(*) FROM raw_pipeline
        UNION ALL
        SELECT 'raw_pipeline', 'gap', 'deal without an engage date (Prospecting)',
               count(*) FILTER (WHERE engage_date IS NULL), count(*) FROM raw_pipeline
        UNION ALL
        SELECT 'raw_pipeline', 'gap', 'open deal, so without close date and value',
               count(*) FILTER (WHERE close_date IS NULL), count(*) FROM raw_pipeline
        UNION ALL
        SELECT 'raw_teams', 'gap', 'seller without a deal',
               count(*) FILTER (WHERE sales_agent NOT IN (SELECT sales_agent FROM raw_pipeline)), count(*)
        FROM raw_teams""",
}
"""In the order of creation: later ones read earlier ones."""
