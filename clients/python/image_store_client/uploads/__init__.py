"""Uploads: a small image in the request, a larger one straight to storage."""
