"""What outlives a process: policy, what was measured and decided, and the last good catalog of each downstream.

One module per table over one `Database`, which is a SQLite file or a PostgreSQL server. The bridge, the surface and the
commands ask `store.Store`; nothing here knows what a policy or a tally means.
"""
