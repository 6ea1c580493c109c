"""What callers may do."""

from enum import StrEnum


class Scope(StrEnum):
    """The rights of callers; a user's token has all that concern the user's own images."""

    READ_IMAGES = "images:read"
    WRITE_IMAGES = "images:write"
    WRITE_GENERATIONS = "generations:write"
    ACT_AS = "act-as"
    """May name another owner in the header `Image-Store-Owner`."""
    ADMIN = "images:admin"
    UPLOAD_IMAGES = "images:upload"
    """May upload as an upload token allows; no API key has it."""


USER_SCOPES = frozenset({Scope.READ_IMAGES, Scope.WRITE_IMAGES, Scope.WRITE_GENERATIONS})
"""What every user may do with images of their own."""

KEY_SCOPES = frozenset(Scope) - {Scope.UPLOAD_IMAGES}
"""The scopes that an API key may have."""

GRANTED_BY_ADMINS = frozenset({Scope.ACT_AS, Scope.ADMIN})
"""Scopes of keys that only an admin may give."""
