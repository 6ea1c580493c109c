"""Verifies JSON Web Tokens (RFC 7519) with the keys that their issuers publish."""

from image_store.adapters.tokens.key_sets import KeySets
from image_store.adapters.tokens.verifier import JwtVerifier

__all__ = ["JwtVerifier", "KeySets"]
