"""The embedded CRM server: the bundled CRM set in the shapes of HubSpot's objects, over MCP. Read-only.

Deals and companies are those of the set; contacts are invented and marked so. May import: `workspace` only.
"""
