"""The embedded call server: recorded sales calls in the shapes and units of Gong's API v2, over MCP.

Bundled calls are synthetic (`workspace/data/calls`); `--data DIR` serves an imported directory instead.
May import: `workspace` only.
"""
