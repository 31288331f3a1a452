"""What each `sophia` command does: one file per command, each with one function that the command line calls.

May import: everything in `server`.
"""
