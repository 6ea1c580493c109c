"""The structure of each file format."""
