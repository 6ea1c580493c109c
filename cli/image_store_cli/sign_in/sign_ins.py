"""The sign-ins of this user: one for each store, with tokens in the system's keyring or in a private file.

A file lists the sign-ins. It holds the tokens only where there is no keyring. Tokens are renewed under a lock, because
many issuers accept a refresh token once and end the sign-in when it comes twice.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from image_store_cli.errors import NotSignedIn, UsageError
from image_store_cli.settings.state_folder import state_folder
from image_store_cli.sign_in.keyrings import KeyringError
from image_store_cli.sign_in.token_endpoint import IssuedTokens, TokenRefused, request_tokens
from image_store_cli.sign_in.tokens import Tokens
from image_store_cli.store.api import new_client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from image_store_cli.sign_in.keyrings import Keyring

KEYRING, FILE = "keyring", "file"
EARLY_SECONDS = 30.0
SIGN_IN_AGAIN = "Run `image-store login` to sign in again."


@dataclass(frozen=True, slots=True)
class StoreSignIn:
    """One sign-in: at which issuer, as which client, and who; without the tokens."""

    issuer: str
    client_id: str
    token_endpoint: str
    revocation_endpoint: str | None
    subject: str
    place: str
    """Where the tokens are: KEYRING or FILE."""


@dataclass(frozen=True, slots=True)
class SignInTokens:
    """The tokens of a sign-in."""

    token: str
    refresh_token: str | None
    expires_at: float

    def __repr__(self) -> str:
        return "SignInTokens()"


def default_path(environment: Mapping[str, str]) -> Path:
    """Return the path of the list of sign-ins."""
    return state_folder(environment) / "sign-ins.json"


class SignIns:
    """The sign-ins of this user, by the address of the store."""

    def __init__(self, path: Path, find_keyring: Callable[[], Keyring | None]) -> None:
        self.path = path
        self._find_keyring = find_keyring

    def of(self, url: str) -> StoreSignIn | None:
        """The sign-in for a store; None if there is none. It does not touch the keyring."""
        entry = self._entries().get(url)
        if entry is None:
            return None
        try:
            return StoreSignIn(**{name: entry[name] for name in StoreSignIn.__slots__})
        except (KeyError, TypeError):
            raise self._damaged() from None

    def keep(self, url: str, sign_in: StoreSignIn, tokens: IssuedTokens) -> StoreSignIn:
        """Keep a sign-in in place of an earlier one; returns it with the place of its tokens."""
        with self._lock():
            return self._keep(
                url, sign_in, SignInTokens(tokens.token, tokens.refresh_token, tokens.expires_at)
            )

    def forget(self, url: str) -> SignInTokens | None:
        """Delete the sign-in for a store, and return its tokens, so that they can be revoked."""
        with self._lock():
            sign_in = self.of(url)
            if sign_in is None:
                return None
            try:
                secrets = self._secrets(url, sign_in)
            except NotSignedIn:
                secrets = None
            try:
                self._forget_in_keyring(url)
            except KeyringError as failed:
                if sign_in.place == KEYRING:
                    raise UsageError(
                        f"The keyring of the system refuses to delete the tokens ({failed})."
                    ) from failed
            self._write({name: entry for name, entry in self._entries().items() if name != url})
            return secrets

    def token(self, url: str, *, refused: str | None) -> str:
        """The token for a store, renewed if it ends soon or is the one that the store has just refused.

        NotSignedIn if it cannot be renewed.
        """
        with self._lock():
            sign_in = self.of(url)
            if sign_in is None:
                raise NotSignedIn(f"You are not signed in to {url}. {SIGN_IN_AGAIN}")
            secrets = self._secrets(url, sign_in)
            if secrets.token != refused and secrets.expires_at - EARLY_SECONDS > time.time():
                return secrets.token
            if secrets.refresh_token is None:
                raise NotSignedIn(f"The sign-in has expired. {SIGN_IN_AGAIN}")
            return self._keep_renewed(url, sign_in, secrets.refresh_token)

    def _keep_renewed(self, url: str, sign_in: StoreSignIn, refresh_token: str) -> str:
        form = {"grant_type": "refresh_token", "client_id": sign_in.client_id, "refresh_token": refresh_token}
        try:
            with new_client() as http:
                issued = request_tokens(http, sign_in.token_endpoint, form)
        except TokenRefused as refused:
            raise NotSignedIn(f"The sign-in has ended ({refused.reason}). {SIGN_IN_AGAIN}") from refused
        self._keep(
            url, sign_in, SignInTokens(issued.token, issued.refresh_token or refresh_token, issued.expires_at)
        )
        return issued.token

    def _keep(self, url: str, sign_in: StoreSignIn, secrets: SignInTokens) -> StoreSignIn:
        keyring, place = self._find_keyring(), FILE
        if keyring is not None:
            try:
                keyring.keep(url, json.dumps(asdict(secrets)))
                place = KEYRING
            except KeyringError:  # locked, or denied: the file is used, and `login` says so
                with suppress(KeyringError):  # the entry of an earlier sign-in; otherwise `forget` deletes it
                    self._forget_in_keyring(url)
        sign_in = replace(sign_in, place=place)
        entry = asdict(sign_in) | ({"secrets": asdict(secrets)} if place == FILE else {})
        self._write(self._entries() | {url: entry})
        return sign_in

    def _forget_in_keyring(self, url: str) -> None:
        if (keyring := self._find_keyring()) is not None:
            keyring.forget(url)

    def _secrets(self, url: str, sign_in: StoreSignIn) -> SignInTokens:
        try:
            if sign_in.place == KEYRING:
                keyring = self._find_keyring()
                text = keyring.read(url) if keyring else None
                return SignInTokens(**json.loads(text or ""))
            return SignInTokens(**self._entries()[url]["secrets"])
        except (KeyringError, KeyError, TypeError, ValueError):
            raise NotSignedIn(
                f"The tokens of the sign-in cannot be read from the {sign_in.place}. {SIGN_IN_AGAIN}"
            ) from None

    def _entries(self) -> dict[str, dict[str, Any]]:
        try:
            entries = json.loads(self.path.read_text())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError):
            raise self._damaged() from None
        if not isinstance(entries, dict) or not all(isinstance(each, dict) for each in entries.values()):
            raise self._damaged()
        return entries

    def _damaged(self) -> UsageError:
        return UsageError(
            f"{self.path} cannot be read: delete it, and sign in again with `image-store login`."
        )

    def _write(self, entries: dict[str, dict[str, Any]]) -> None:
        """Replace the file; only its owner can ever read it."""
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=".sign-ins-")  # mode 0600
        with os.fdopen(handle, "w") as file:
            json.dump(entries, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(self.path)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Let one command at a time read and change the sign-ins."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self.path.with_suffix(".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def tokens_of(sign_ins: SignIns, url: str, sign_in: StoreSignIn) -> Tokens:
    """Use the sign-in for a store; its token is renewed when it ends, or when the store refuses it."""
    latest: list[str] = []

    def read() -> str:
        token = sign_ins.token(url, refused=latest[-1] if latest else None)
        latest[:] = [token]
        return token

    return Tokens(read, origin=f"the sign-in of {sign_in.subject} at {sign_in.issuer}", renewable=True)
