"""The MCP server: what clients see, the bridge behind it, and the operators' surfaces.

May import: everything below it (`teams`, `agents`); never `workspace`, which it reaches over MCP only.
"""
