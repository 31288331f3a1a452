"""The sources of the agents, over whichever MCP servers are configured: by capability, not by vendor.

May import: `agents.sources`, `server.downstream`, `server.errors`.
"""
