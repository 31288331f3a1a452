"""What an agent and the server beside it came to, side by side, for whoever decides about a rollout.

Everything is computed from values; only `gathered` reads the store. `words` says it in plain English, `page` draws it.
"""
