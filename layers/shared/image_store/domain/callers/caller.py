"""Who sends a request, as the authorizer found out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from image_store.domain.callers.actor import is_owner
from image_store.domain.callers.key_limits import NO_LIMITS, KeyLimits
from image_store.domain.callers.scopes import USER_SCOPES, Scope
from image_store.domain.errors import ActAsRequired, AdminRequired, InvalidRequest, ScopeRequired

if TYPE_CHECKING:
    from collections.abc import Collection

SUBJECT_PREFIX = "subject:"
KEY_NAME_PREFIX = "key:"
UPLOAD_TOKEN_PREFIX = "iut_"  # noqa: S105 - what every token begins with
"""Tells an upload token from other credentials."""
TOKEN_NAME_PREFIX = "upload_token:"  # noqa: S105 - what the names of such callers begin with


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A verified caller; whom it acts for and what it may do."""

    name: str
    """As the audit trail has it: `subject:` and the owner of a token, or `key:` or `upload_token:` and an id."""
    owner: str
    """Whose images the request is about."""
    scopes: frozenset[Scope]
    limits: KeyLimits = NO_LIMITS
    """Of the API key that the caller uses."""

    @property
    def key_id(self) -> str | None:
        """The id of the API key that the caller uses; None for a user."""
        is_key = self.name.startswith(KEY_NAME_PREFIX)
        return self.name.removeprefix(KEY_NAME_PREFIX) if is_key else None

    @property
    def upload_token_id(self) -> str | None:
        """The id of the upload token that the caller uses; None for all others."""
        is_token = self.name.startswith(TOKEN_NAME_PREFIX)
        return self.name.removeprefix(TOKEN_NAME_PREFIX) if is_token else None

    @property
    def is_admin(self) -> bool:
        """Whether the caller may do what concerns the whole store."""
        return Scope.ADMIN in self.scopes

    def check_scope(self, scope: Scope, *alternatives: Scope) -> None:
        """Raise ScopeRequired, or AdminRequired for the scope of admins, unless the caller has one of these scopes."""
        if not self.scopes.isdisjoint({scope, *alternatives}):
            return
        if scope is Scope.ADMIN:
            raise AdminRequired("Only admins may do this.")
        raise ScopeRequired(scope)

    def check_manages_keys(self) -> None:
        """Raise AdminRequired for an API key without the scope of admins.

        A leaked key must not make other keys, and must not send an owner's prompts to another provider account: both
        would last longer than the key.
        """
        if self.key_id is not None and not self.is_admin:
            raise AdminRequired(f"An API key can manage keys only with the scope {Scope.ADMIN}.")

    def acting_for(self, owner: str) -> Caller:
        """The caller about another owner's images.

        Raises
        ------
        ActAsRequired
            the owner is not the caller's own, and the caller may not act for others
        InvalidRequest
            the text cannot name an owner
        """
        if owner == self.owner:
            return self
        if Scope.ACT_AS not in self.scopes:
            raise ActAsRequired
        if not is_owner(owner):
            raise InvalidRequest("Image-Store-Owner is empty, longer than 255 characters, or not printable.")
        return replace(self, owner=owner)


def user(owner: str, *, scopes: Collection[str], admin_scope: str, admin_subjects: Collection[str]) -> Caller:
    """The caller with a token: it has the rights of a user, and is an admin by its scope or its name."""
    is_admin = admin_scope in scopes or owner in admin_subjects
    return Caller(
        name=f"{SUBJECT_PREFIX}{owner}",
        owner=owner,
        scopes=USER_SCOPES | ({Scope.ADMIN} if is_admin else set()),
    )


def key_holder(
    key_id: str, *, owner: str, scopes: Collection[Scope], limits: KeyLimits = NO_LIMITS
) -> Caller:
    """The caller with an API key."""
    return Caller(name=f"{KEY_NAME_PREFIX}{key_id}", owner=owner, scopes=frozenset(scopes), limits=limits)


def token_holder(token_id: str, *, owner: str) -> Caller:
    """The caller with an upload token, which may only upload."""
    return Caller(name=f"{TOKEN_NAME_PREFIX}{token_id}", owner=owner, scopes=frozenset({Scope.UPLOAD_IMAGES}))
