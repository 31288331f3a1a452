"""The embedded issue server: what was promised and what has to be mended, in Linear's words, over MCP.

The issues that come with it are synthetic (`workspace/data/linear`); what is created is kept in a file of its own.
May import: `workspace` only.
"""
