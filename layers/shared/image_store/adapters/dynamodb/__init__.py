"""The one table: its keys, its items, and every expression that reads or writes it."""
