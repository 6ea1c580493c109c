"""Finds out who sends a request, from its `Authorization` header."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import TYPE_CHECKING

from image_store.domain.callers import caller as callers
from image_store.domain.callers.api_keys import KEY_PREFIX, LAST_USE_PERIOD, ApiKey, parse_key
from image_store.domain.callers.caller import UPLOAD_TOKEN_PREFIX, Caller
from image_store.domain.errors import InvalidToken, StorageUnavailable
from image_store.ports.callers import ApiKeys, TokenVerifier
from image_store.ports.system import Clock

if TYPE_CHECKING:
    from image_store.services.callers.upload_tokens import UploadPermissions

MAX_HEADER_CHARS = 10_240
"""API Gateway takes as many bytes of headers in all."""


class Authorization:
    """Verifies credentials; what verifies each kind is made when the first of that kind comes."""

    def __init__(
        self,
        *,
        tokens: Callable[[], TokenVerifier],
        api_keys: Callable[[], ApiKeys],
        upload_permissions: "Callable[[], UploadPermissions]",
        clock: Clock,
        admin_scope: str,
        admin_subjects: Collection[str],
    ) -> None:
        self._tokens = tokens
        self._api_keys = api_keys
        self._upload_permissions = upload_permissions
        self._clock = clock
        self._admin_scope = admin_scope
        self._admin_subjects = admin_subjects

    def caller(self, header: str) -> Caller:
        """The caller whose credential the header holds.

        Raises
        ------
        InvalidToken, KeyRevoked, KeyExpired
            the credential is missing, malformed, forged or no longer in force
        IssuerUnavailable, StorageUnavailable
            it cannot be verified now; retrying is safe
        """
        credential = _credential(header)
        if credential.startswith(KEY_PREFIX):
            return self._key_holder(credential)
        if credential.startswith(UPLOAD_TOKEN_PREFIX):
            return self._upload_permissions().holder(credential)
        token = self._tokens().verify(credential)
        return callers.user(
            token.owner,
            scopes=token.scopes,
            admin_scope=self._admin_scope,
            admin_subjects=self._admin_subjects,
        )

    def _key_holder(self, credential: str) -> Caller:
        key_id, secret = parse_key(credential)
        key = self._api_keys().get(key_id)
        if key is None:
            raise InvalidToken("The API key is not valid.")
        now = self._clock.now()
        key.check(secret, now=now)
        self._record_use(key, now)
        return callers.key_holder(key.id, owner=key.owner, scopes=key.scopes, limits=key.limits)

    def _record_use(self, key: ApiKey, now: datetime) -> None:
        if key.last_used_at is not None and now - key.last_used_at < LAST_USE_PERIOD:
            return
        try:
            self._api_keys().record_use(key.id, at=now)
        except StorageUnavailable:  # a good key must not fail for want of a note
            return


def _credential(header: str) -> str:
    """What follows `Bearer` (RFC 6750, section 2.1); the scheme's case does not matter (RFC 9110, section 11.1)."""
    scheme, _, credential = header.strip().partition(" ")
    if scheme.lower() != "bearer" or not credential.strip() or len(header) > MAX_HEADER_CHARS:
        raise InvalidToken("Send the header Authorization: Bearer with a token or an API key.")
    return credential.strip()
