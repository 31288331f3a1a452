"""The embedded warehouse: the bundled CRM set in DuckDB, read-only, over MCP with a warehouse server's tools.

Named after the server that it stands in for; it is not Snowflake. May import: `workspace` only.
"""
