"""Everything a client can list or call: tools, resources, prompts, completions.

May import: the whole of `server` but `transports` and `cli`.
"""
