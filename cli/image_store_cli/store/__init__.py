"""Requests to the store, with the errors of commands."""
