"""The embedded downstream MCP servers and the data they serve: a program of its own.

May import: `workspace` only; the rest of Sophia reaches it over MCP, as it reaches any other server.
"""
