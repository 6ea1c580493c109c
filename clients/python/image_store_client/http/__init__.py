"""Requests to the store: with a token, with retries, and with errors as exceptions."""
