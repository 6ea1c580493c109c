"""Who makes a change."""

from dataclasses import dataclass
from typing import Self

_SUBJECT = "subject:"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes changes, and in which request."""

    name: str
    """`subject:` and the caller's subject, or `function:` and the name of a function that nobody called."""
    request_id: str
    """The gateway's id of the request; of a function that nobody called, Lambda's id of the invocation."""

    @classmethod
    def subject(cls, subject: str, request_id: str) -> Self:
        """Whoever the token names."""
        return cls(f"{_SUBJECT}{subject}", request_id)

    @classmethod
    def function(cls, name: str, request_id: str) -> Self:
        """The store itself, by one of its functions."""
        return cls(f"function:{name}", request_id)

    def is_subject(self, subject: str) -> bool:
        """Whether it is this caller."""
        return self.name == f"{_SUBJECT}{subject}"


NOBODY = Actor.function("unnamed", "")
"""Before anybody was named; a function that changes records and names nobody is a fault that a test finds."""
