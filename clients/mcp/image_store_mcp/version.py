"""The version of this package, which is that of the API."""

__version__ = "0.1.0"
