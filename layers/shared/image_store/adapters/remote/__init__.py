"""Images from other people's servers: which addresses may be reached, and how they are read."""

from image_store.adapters.remote.addresses import AddressRules
from image_store.adapters.remote.fetching import HttpFetcher

__all__ = ["AddressRules", "HttpFetcher"]
