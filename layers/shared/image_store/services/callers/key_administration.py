"""Creates, lists, changes, rotates and revokes API keys."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from image_store.domain.callers.api_keys import (
    MAX_GRACE,
    MAX_KEYS,
    MAX_LIFETIME,
    MAX_LISTED_KEYS,
    USUAL_GRACE,
    ApiKey,
    is_key_id,
    key_text,
    secret_digest,
)
from image_store.domain.callers.caller import Caller
from image_store.domain.callers.key_limits import NO_LIMITS, KeyLimits
from image_store.domain.callers.scopes import GRANTED_BY_ADMINS, KEY_SCOPES, Scope
from image_store.domain.errors import AdminRequired, InvalidRequest, KeyNotFound, ScopeRequired, TooManyKeys
from image_store.ports.callers import ApiKeys
from image_store.ports.system import Clock, Ids
from image_store.services.finding.cursors import Cursors


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRequest:
    """A key that is to be created."""

    name: str
    scopes: frozenset[Scope]
    owner: str | None = None
    """None is the caller's own."""
    expires_at: datetime | None = None
    limits: KeyLimits = NO_LIMITS


@dataclass(frozen=True, slots=True)
class KeyList:
    """The list of the keys of an owner, or of all owners."""

    owner: str | None
    """None for all owners."""

    @property
    def binding(self) -> tuple[str | None, ...]:
        """The values that its cursors are bound to."""
        return ("keys", self.owner)


class KeyAdministration:
    """What users may do with their own keys, and admins with all keys; a foreign key answers as a missing one.

    A key with a scope that only admins grant can be seen, renamed and revoked by its owner. Only an admin rotates it or
    changes its expiry or limits: otherwise its owner would get rights that nobody gave to the owner.
    """

    def __init__(self, api_keys: ApiKeys, *, cursors: Cursors, clock: Clock, ids: Ids) -> None:
        self._api_keys = api_keys
        self._cursors = cursors
        self._clock = clock
        self._ids = ids

    def create(self, caller: Caller, request: KeyRequest) -> tuple[ApiKey, str]:
        """Create a key, and answer it with its text, which is not kept.

        Raises
        ------
        AdminRequired
            the caller is no admin and asks for another owner, or for a scope that only admins grant
        ScopeRequired
            the caller does not have a scope that it wants to grant
        TooManyKeys
            the owner has 100 keys that are in force, or 1,000 with those that ended in the last 90 days
        """
        now, owner = self._clock.now(), request.owner or caller.owner
        caller.check_manages_keys()
        _check_grant(caller, owner, request.scopes)
        _check_expiry(request.expires_at, now)
        self._check_room(owner, now)
        secret = self._ids.secret()
        key = ApiKey(
            id=self._ids.token(),
            owner=owner,
            name=request.name,
            scopes=request.scopes,
            created_at=now,
            created_by=caller.name,
            secret_sha256=secret_digest(secret),
            version=1,
            expires_at=request.expires_at,
            limits=request.limits,
        )
        self._api_keys.create(key)
        return key, key_text(key.id, secret)

    def get(self, caller: Caller, key_id: str) -> ApiKey:
        """A key of the caller's, or any key for an admin; KeyNotFound otherwise."""
        caller.check_manages_keys()
        key = self._api_keys.get(key_id) if is_key_id(key_id) else None
        if key is None or not (caller.is_admin or key.owner == caller.owner):
            raise KeyNotFound
        return key

    def page(
        self, caller: Caller, key_list: KeyList, *, cursor: str | None, limit: int
    ) -> tuple[Sequence[ApiKey], str | None]:
        """A page of the caller's keys, or of others' for an admin, and the cursor of the next page; InvalidCursor."""
        caller.check_manages_keys()
        if key_list.owner != caller.owner and not caller.is_admin:
            raise AdminRequired("Only an admin can list the keys of other owners.")
        now = self._clock.now()
        after = self._cursors.read_place(cursor, key_list, at=now) if cursor is not None else None
        page, resume = self._api_keys.page(key_list.owner, after=after, limit=limit)
        return page, self._cursors.make(resume, key_list, at=now) if resume is not None else None

    def change(self, caller: Caller, key_id: str, **changes: Any) -> ApiKey:
        """Change the name, scopes, expiry or limits of a key. Safe to repeat.

        Raises the errors of `create`, but counts keys only if the change brings an expired key into force again.
        """
        key, now = self.get(caller, key_id), self._clock.now()
        if "limits" in changes:
            limits = changes["limits"]
            changes["limits"] = NO_LIMITS if limits is None else replace(key.limits, **limits)
        after = replace(key, **changes)
        _check_grant(caller, after.owner, after.scopes - key.scopes)
        if (after.expires_at, after.limits) != (key.expires_at, key.limits):
            _check_grant(caller, after.owner, after.scopes)
        if after.expires_at != key.expires_at:
            _check_expiry(after.expires_at, now)
        if after.is_in_force(now) and not key.is_in_force(now):
            self._check_room(after.owner, now)
        return self._saved(key, after)

    def rotate(self, caller: Caller, key_id: str, *, grace: timedelta = USUAL_GRACE) -> tuple[ApiKey, str]:
        """Give a key a new secret, and answer it; the old one works for the grace period, at most 7 days."""
        key = self.get(caller, key_id)
        _check_grant(caller, key.owner, key.scopes)
        now = self._clock.now()
        if not key.is_in_force(now):
            raise InvalidRequest("A key that is revoked or expired cannot be rotated; create another one.")
        if not timedelta() <= grace <= MAX_GRACE:
            raise InvalidRequest("The grace period must be between 0 and 7 days.")
        secret = self._ids.secret()
        after = key.rotated(secret_digest(secret), now=now, grace=grace)
        self._api_keys.save(after)
        return after, key_text(key.id, secret)

    def revoke(self, caller: Caller, key_id: str) -> None:
        """Revoke a key for good. Safe to repeat."""
        key = self.get(caller, key_id)
        if key.revoked_at is None:
            self._saved(key, replace(key, revoked_at=self._clock.now()))

    def _saved(self, before: ApiKey, after: ApiKey) -> ApiKey:
        if after == before:
            return before
        after = replace(after, version=before.version + 1)
        self._api_keys.save(after)
        return after

    def _check_room(self, owner: str, now: datetime) -> None:
        """Raise TooManyKeys for an owner with 100 keys in force, or with 1,000 that are listed.

        Requests that run at once count before any of them writes, so they can pass the limit by their number.
        """
        in_force, total = self._api_keys.counts(owner, at=now)
        if in_force >= MAX_KEYS or total >= MAX_LISTED_KEYS:
            raise TooManyKeys


def _check_grant(caller: Caller, owner: str, scopes: frozenset[Scope]) -> None:
    if scopes - KEY_SCOPES:
        raise InvalidRequest("No API key can have the scope of upload tokens; create an upload token.")
    if caller.is_admin:
        return
    if owner != caller.owner:
        raise AdminRequired("Only an admin can create keys for another owner.")
    if scopes & GRANTED_BY_ADMINS:
        raise AdminRequired(f"Only an admin can grant {' and '.join(sorted(GRANTED_BY_ADMINS))}.")
    for scope in sorted(scopes - caller.scopes):
        raise ScopeRequired(scope)


def _check_expiry(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and not now < expires_at <= now + MAX_LIFETIME:
        raise InvalidRequest("expires_at must lie in the future, and within ten years.")
