"""Showing images: renditions, links and publications."""
