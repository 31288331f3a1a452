"""What Sophia claims about speed and memory, as programs that measure it beside a peer or a limit.

May import everything; nothing imports it. How to run them, and by which rules they measure, is in README.md.
"""
