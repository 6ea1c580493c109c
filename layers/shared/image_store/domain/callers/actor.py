"""The actor of a change: a caller or one of the store's functions."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import quote

MAX_OWNER_CHARS = 255
"""OpenID Connect Core 1.0, section 2: a subject has at most 255 ASCII characters."""
MAX_ENCODED_OWNER_CHARS = 3 * MAX_OWNER_CHARS
"""The limit after percent-encoding. A character can take twelve, and a key of the table has at most 2,048 bytes."""

_SUBJECT = "subject:"


def is_owner(text: str) -> bool:
    """Whether a text can name an owner: printable, and short enough for every key that holds it."""
    return (
        1 <= len(text) <= MAX_OWNER_CHARS
        and text.isprintable()
        and (text.isascii() or len(quote(text, safe="")) <= MAX_ENCODED_OWNER_CHARS)
    )


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a change, and in which request."""

    name: str
    """`subject:` and the caller's subject, or `function:` and the name of a function that runs without a request."""
    request_id: str
    """The gateway's id of the request, or Lambda's id of the invocation of such a function."""

    @classmethod
    def subject(cls, subject: str, request_id: str) -> Self:
        """The actor for the subject of a token."""
        return cls(f"{_SUBJECT}{subject}", request_id)

    @classmethod
    def function(cls, name: str, request_id: str) -> Self:
        """The actor for one of the store's functions."""
        return cls(f"function:{name}", request_id)

    def is_subject(self, subject: str) -> bool:
        """Whether the actor is this caller."""
        return self.name == f"{_SUBJECT}{subject}"


UNNAMED = Actor.function("unnamed", "")
"""The actor until one is set; a test finds functions that change records without setting one."""
