"""What the user types: commands and options, help, completion, ids."""
