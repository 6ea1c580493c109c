"""Descriptions of providers: data, not code. Each is the `DESCRIPTION` of the module with the provider's name."""
