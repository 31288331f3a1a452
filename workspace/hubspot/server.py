"""The CRM server: tools over the bundled set."""

from mcp.server.lowlevel import Server

from workspace.hubspot.records import Records
from workspace.hubspot.tools import hubspot_tools
from workspace.tool_server import tool_server

__all__ = ["build_server"]

INSTRUCTIONS = (
    "A hardware seller's CRM in HubSpot's shapes (the Maven CRM set, a public example). Contacts were invented: say so "
    "where synthetic is true. Dates count back from as_of, not from today. An open deal has no amount and no close date."
)


def build_server(records: Records) -> Server[object]:
    """Wire the records to one MCP server. Nothing is read before the first request for it."""
    return tool_server("hubspot", "HubSpot (embedded)", INSTRUCTIONS, hubspot_tools(records))
