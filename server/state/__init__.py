"""What outlives a process: the last good catalog of each downstream, and the decisions that were made."""
