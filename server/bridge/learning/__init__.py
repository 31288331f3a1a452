"""Predictive allocation: what earlier calls say about which route serves the next one better.

Nothing here has a clock, chance or I/O: `Learner` is told what was decided and how it ended, and says what it would choose.
"""
