"""Uploads of files, folders and addresses, several at a time and resumable."""
