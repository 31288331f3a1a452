"""The call library: the recorded calls of one server, kept on disk, indexed as they arrive, read on in the background.

`file` opens what is kept, `shelf` reads and writes it, `finding` searches it, `looking` brings it up to date through a
`CallFeed`, `calls` is what agents see. May import: `agents.sources`, `agents.analysis.calls`, `server.config`,
`server.downstream`, `server.state`.
"""
