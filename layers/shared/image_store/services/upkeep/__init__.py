"""Cleanup, repair, migration and rebuilding."""
