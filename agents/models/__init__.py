"""The model ladder: a provider's model by name, else the embedded one.

Every call to a model is counted and timed (`meter`), and what goes wrong with one is a `Fault` with words for the
client. Nothing here but `embedded` imports Agno before a model is asked for.
"""
