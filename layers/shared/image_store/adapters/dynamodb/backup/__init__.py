"""Rows of the backup: noted changes, what is backed up, and the state of runs."""
