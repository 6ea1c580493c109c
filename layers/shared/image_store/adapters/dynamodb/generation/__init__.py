"""Pictures that providers make."""
