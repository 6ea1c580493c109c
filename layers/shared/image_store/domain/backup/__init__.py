"""Backups: manifests, lines, and the state of runs."""
