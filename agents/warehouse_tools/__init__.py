"""What agents can do with a SQL warehouse: the tools and the parts that they are made of.

May import `agents.analysis` and the contracts beside this folder; the agents' files import it.
"""
