"""Pure functions over one recorded conversation: who spoke, how, and which moments matter.

`conversation` joins a call with its words; everything else starts from that. May import: the value types of
`agents.sources`, and each other.
"""
