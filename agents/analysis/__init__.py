"""Pure functions over calls, deals and requests: values in, values out.

May import: the value types of `agents.sources` and `agents.result`; nothing that does I/O.
"""
