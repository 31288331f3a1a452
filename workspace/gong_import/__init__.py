"""Bring real calls in: from files of Gong's JSON or from Gong's live API, one validated file per call.

`python -m workspace.gong_import PATH --into DIR` or `--live --from DATE --to DATE --into DIR`;
`python -m workspace.gong --data DIR` serves what was imported. May import: `workspace` only.
"""
