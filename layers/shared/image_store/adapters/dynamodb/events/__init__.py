"""Reads events from the table's stream, and stores them."""
