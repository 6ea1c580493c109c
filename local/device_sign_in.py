"""Sign-in at the local issuer by a device code (RFC 8628), for a command line without a browser."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from local.sign_in import Grant, SignInRefused, page_of, scope_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LIFETIME = timedelta(minutes=10)
INTERVAL_SECONDS = 1
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
"""Without vowels, so that no word appears (RFC 8628, section 6.1)."""


@dataclass(slots=True)
class Device:
    """A device that waits for somebody to enter its code."""

    user_code: str
    scope: str
    client_id: str
    ends: datetime
    subject: str = ""
    """Who has entered the code; empty until then."""


class DeviceSignIn:
    """Issues device codes, and redeems each of them once after its user code was entered."""

    def __init__(self, *, client_id: str, url: str, now: Callable[[], datetime]) -> None:
        self._client_id = client_id
        self._url = url
        self._now = now
        self._devices: dict[str, Device] = {}

    def begin(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Return a device code and a user code; SignInRefused for an unknown client."""
        if form.get("client_id") != self._client_id:
            raise SignInRefused("unauthorized_client")
        self._devices = {code: device for code, device in self._devices.items() if device.ends > self._now()}
        device_code = secrets.token_urlsafe(32)
        letters = "".join(secrets.choice(LETTERS) for _ in range(8))
        user_code = f"{letters[:4]}-{letters[4:]}"
        ends = self._now() + LIFETIME
        self._devices[device_code] = Device(user_code, form.get("scope", ""), self._client_id, ends)
        return {
            "device_code": device_code,
            "user_code": user_code,
            "verification_uri": f"{self._url}/activate",
            "verification_uri_complete": f"{self._url}/activate?user_code={user_code}",
            "expires_in": round(LIFETIME.total_seconds()),
            "interval": INTERVAL_SECONDS,
        }

    def page(self, user_code: str) -> str:
        """Return the page on which a person says who they are; SignInRefused for an unknown code."""
        return page_of({"user_code": self._waiting(user_code).user_code})

    def approve(self, user_code: str, *, subject: str) -> None:
        """Sign a person in on the device that shows a code; SignInRefused for an unknown code."""
        self._waiting(user_code).subject = subject

    def redeem(self, form: Mapping[str, str]) -> Grant:
        """Return the grant of a device code, once; SignInRefused, also while nobody has entered the user code."""
        device = self._devices.get(form.get("device_code", ""))
        if device is None or form.get("client_id") != device.client_id:
            raise SignInRefused("invalid_grant")
        if device.ends <= self._now():
            raise SignInRefused("expired_token")
        if not device.subject:
            raise SignInRefused("authorization_pending")
        del self._devices[form["device_code"]]
        scope = scope_of(device.subject, device.scope)
        return Grant(subject=device.subject, scope=scope, client_id=device.client_id, ends=device.ends)

    def _waiting(self, user_code: str) -> Device:
        for device in self._devices.values():
            if (
                device.user_code == user_code.strip().upper()
                and device.ends > self._now()
                and not device.subject
            ):
                return device
        raise SignInRefused("there is no such code")
