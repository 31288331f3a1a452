"""What the figures are held against: the least program that does the same kind of work."""
