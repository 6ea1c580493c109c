"""The states of generation jobs; this module imports nothing, so that programs which list tools start fast."""

ENDED = frozenset({"succeeded", "partial", "failed", "cancelled"})
"""The states in which a job stays."""
