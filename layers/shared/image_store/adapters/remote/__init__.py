"""Requests to other servers: which addresses may be reached, how images are read, and how webhooks are told."""

from image_store.adapters.remote.addresses import AddressRules
from image_store.adapters.remote.connections import Connections
from image_store.adapters.remote.fetching import HttpFetcher
from image_store.adapters.remote.source_http import SourceHttp

__all__ = ["AddressRules", "Connections", "HttpFetcher", "SourceHttp"]
