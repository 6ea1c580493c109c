"""Requests and responses about events."""
