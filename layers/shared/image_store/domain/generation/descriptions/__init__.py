"""Descriptions of providers: data, not code, one module for each provider."""
