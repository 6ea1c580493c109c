"""The version of the client, which is that of the API."""

__version__ = "0.1.0"
