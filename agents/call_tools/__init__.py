"""What agents can do with recorded calls: one file per tool, over `agents.sources` and `agents.analysis.calls`.

`scope` finds the calls that are meant and reads their words, `evidence` turns sentences into citations and into
references in the text; a tool file holds its parameters, its data and its rendering, and nothing else.
"""
