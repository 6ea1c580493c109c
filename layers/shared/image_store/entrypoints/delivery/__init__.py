"""Requests for renditions and links."""
