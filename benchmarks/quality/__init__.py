"""How good the answers are, on data that nobody here wrote: one module per name, each a program that prints a figure.

`python -m benchmarks.quality NAME [--data PATH] [--json]`. Tuning reads training and validation data only.
"""
