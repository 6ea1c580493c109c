"""The commands, a module each: what the command takes, and what it does with the store."""
