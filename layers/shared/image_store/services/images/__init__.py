"""Storing, changing and deleting images."""
