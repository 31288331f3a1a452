"""The bridge: decides call by call which route serves it, runs that route, and remembers how it went.

May import: `server.config`, `server.errors`, `server.state`, `server.downstream`, `agents`, `teams`; `decide` imports no I/O.
"""
