"""Who calls: verified tokens and API keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedToken:
    """What a verified token says of its caller."""

    owner: str
    scopes: frozenset[str]


class TokenVerifier(Protocol):
    """Verifies JSON Web Tokens."""

    def verify(self, token: str) -> VerifiedToken:
        """What the token says.

        Raises
        ------
        InvalidToken
            the token is malformed, forged, expired, for another audience, or of an issuer that is not accepted
        IssuerUnavailable
            the issuer's keys are not known and cannot be read; its tokens may be good
        """
        ...
