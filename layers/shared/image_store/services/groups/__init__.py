"""What owners do with groups as a whole, and lists of groups and tags."""
