"""Fetches images from other servers: which addresses may be reached, and how images are read."""

from image_store.adapters.remote.addresses import AddressRules
from image_store.adapters.remote.fetching import HttpFetcher

__all__ = ["AddressRules", "HttpFetcher"]
