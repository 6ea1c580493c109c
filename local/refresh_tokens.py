"""Refresh tokens of the local issuer: each is valid once, and is replaced when it is used (RFC 9700, section 4.14)."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from local.sign_in import SignInRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from local.sign_in import Grant

LIFETIME = timedelta(days=30)


class RefreshTokens:
    """The refresh tokens of running sign-ins; a restart of the stack ends them."""

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        self._now = now
        self._grants: dict[str, Grant] = {}

    def issue(self, grant: Grant) -> str:
        """Return a new refresh token for a grant."""
        self._grants = {token: each for token, each in self._grants.items() if each.ends > self._now()}
        token = secrets.token_urlsafe(32)
        self._grants[token] = replace(grant, ends=self._now() + LIFETIME)
        return token

    def redeem(self, form: Mapping[str, str]) -> Grant:
        """Return the grant of a refresh token, once and only to its client; SignInRefused otherwise."""
        grant = self._grants.pop(form.get("refresh_token", ""), None)
        if grant is None or grant.ends <= self._now() or form.get("client_id") != grant.client_id:
            raise SignInRefused("invalid_grant")
        return grant

    def revoke(self, token: str) -> None:
        """Make a token invalid, if it is one (RFC 7009)."""
        self._grants.pop(token, None)
