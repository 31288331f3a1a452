"""The MCP servers behind us: one supervised connection each, what they offer, and how calls reach them.

May import: `server.errors`, `server.state`, `server.config`; `adapters` also `agents.sources`.
"""
