"""Rows of API keys, upload tokens and shares."""
