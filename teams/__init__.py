"""The teams: one file per team, and one file per way of working together.

May import: `teams`, `agents`.
"""
