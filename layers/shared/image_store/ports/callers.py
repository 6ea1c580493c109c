"""Who calls: verified tokens, API keys and upload tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from image_store.domain.callers.api_keys import ApiKey
    from image_store.domain.callers.key_limits import RequestRate
    from image_store.domain.callers.key_usage import KeyDay, KeyUse
    from image_store.domain.callers.upload_tokens import UploadToken


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


class Authorizer(Protocol):
    """Finds out who sends a request, for functions that the gateway does not call."""

    def verdict(self, authorization: str, *, request_id: str) -> Mapping[str, str]:
        """The verdict on an `Authorization` header, as the gateway gets it; StorageUnavailable if there is none."""
        ...


class RequestBuckets(Protocol):
    """The token buckets of API keys with a limit of requests."""

    def take(self, key_id: str, rate: RequestRate, *, at: datetime) -> bool:
        """Count a request of a key, and in its usage of the day; False, and nothing is counted, if its bucket is empty.

        Exact however many requests come at once. A repeat counts again. Raises StorageUnavailable.
        """
        ...


class KeyUsage(Protocol):
    """What API keys have used, by day. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def count(self, *uses: KeyUse, at: datetime) -> None:
        """Count uses, each once: repeats within a week change nothing, however many come at once.

        After StorageUnavailable some may be counted and others not; repeat all of them.
        """
        ...

    def days(self, key_id: str, *, since: date, until: date) -> Sequence[KeyDay]:
        """The days with usage from `since` on and before `until`, the earliest first."""
        ...


class ApiKeys(Protocol):
    """Where API keys are kept. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def create(self, key: ApiKey) -> None:
        """Keep a new key; Conflict when there is one with its id."""
        ...

    def get(self, key_id: str) -> ApiKey | None:
        """The key as it is now (strongly consistent), revoked and expired ones too; None when there is none."""
        ...

    def save(self, after: ApiKey) -> None:
        """Replace the version before this one; Conflict when another change came first.

        The last use stays. If the response is lost, a strongly consistent read decides.
        """
        ...

    def page(
        self, owner: str | None, *, after: str | None, limit: int
    ) -> tuple[Sequence[ApiKey], str | None]:
        """Keys of an owner, or of all owners, by owner and id; and where to go on, None at the end."""
        ...

    def counts(self, owner: str, *, at: datetime) -> tuple[int, int]:
        """How many of an owner's keys are in force, and how many are listed with those that ended; to a second."""
        ...

    def record_use(self, key_id: str, *, at: datetime) -> None:
        """Remember when a key was used last, unless a later use or a removal came first. Safe to repeat."""
        ...


class UploadTokens(Protocol):
    """Where upload tokens are kept. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def create(self, token: UploadToken) -> None:
        """Keep a new token; Conflict when there is one with its id."""
        ...

    def get(self, token_id: str) -> UploadToken | None:
        """The token with its count as it is now (strongly consistent); None when there is none."""
        ...
