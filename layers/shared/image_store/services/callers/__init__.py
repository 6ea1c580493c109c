"""Finds out who calls, and manages API keys."""
