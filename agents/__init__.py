"""The agents: one file per agent, the sources they may ask, the analysis they compute, the models they run on.

May import: `agents` only. Knows nothing of MCP, of rollout or of HTTP; what an agent needs is handed to it.
"""
