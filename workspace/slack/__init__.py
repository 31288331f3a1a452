"""The embedded channel server: a sales team's messages in the shapes of Slack, over MCP.

The messages that come with it are synthetic (`workspace/data/slack`); what is sent to it is kept in a file of its own.
May import: `workspace` only.
"""
