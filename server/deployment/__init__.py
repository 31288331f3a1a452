"""A deployment: tools moved to their agents in phases, measured on the way, with the way back."""
