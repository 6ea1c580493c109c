"""Get the token or the API key, and read what a token says; neither is ever printed."""

from __future__ import annotations

import base64
import json
import re
import shlex
import subprocess
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from image_store_cli.errors import NotSignedIn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

COMMAND_SECONDS = 60
LOCAL_SECONDS = 10
ADMIN_SCOPE = "images:admin"
KEY_PREFIX = "isk_"
UPLOAD_TOKEN_PREFIX = "iut_"  # noqa: S105 - what every upload token begins with

_KEY = re.compile(r"isk_([0-9a-f]{16})_[A-Za-z0-9_-]{43}", re.ASCII)


class Tokens:
    """A token that is read at its first use, and again if the store no longer accepts it."""

    def __init__(self, read: Callable[[], str], *, origin: str, renewable: bool) -> None:
        self.origin = origin
        """The source of the token in words: `the variable IMAGE_STORE_TOKEN`."""
        self.renewable = renewable
        self._read = read
        self._token: str | None = None
        self._lock = threading.Lock()

    def current(self) -> str:
        """The token; NotSignedIn when there is none."""
        with self._lock:
            if self._token is None:
                self._token = clean_token(self._read(), self.origin)
            return self._token

    def renew(self, refused: str) -> bool:
        """Read the token again; False if it is still the refused one. Safe to use from several threads."""
        if not self.renewable:
            return False
        with self._lock:
            if self._token == refused:
                self._token = clean_token(self._read(), self.origin)
            return self._token != refused

    def __repr__(self) -> str:
        return f"Tokens(from {self.origin})"


def clean_token(text: str, origin: str) -> str:
    """Strip a token; NotSignedIn if it cannot be one."""
    token = text.strip().removeprefix("Bearer ").strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise NotSignedIn(f"There is no token in {origin}: one line of printable characters is expected.")
    return token


def without_token() -> Tokens:
    """Return tokens that fail with instructions how to set one."""

    def read() -> str:
        raise NotSignedIn(
            "There is no token for this store. Sign in with `image-store login`, set IMAGE_STORE_TOKEN or "
            "IMAGE_STORE_KEY, or token_command or token_file in the configuration, or use --token-file."
        )

    return Tokens(read, origin="nowhere", renewable=False)


def fixed(token: str, origin: str) -> Tokens:
    """Use a token as it is."""
    return Tokens(lambda: token, origin=origin, renewable=False)


def from_key(key: str, origin: str) -> Tokens:
    """Use an API key; NotSignedIn at its first use if it cannot be one."""

    def read() -> str:
        if key_id_of(key.strip()) is None:
            raise NotSignedIn(f"{origin[0].upper()}{origin[1:]} does not hold an API key. {KEY_FORM}")
        return key

    return Tokens(read, origin=origin, renewable=False)


def from_file(path: Path) -> Tokens:
    """Read a token from a file, which another program may update."""

    def read() -> str:
        try:
            return path.read_text()
        except (OSError, UnicodeDecodeError) as unreadable:
            raise NotSignedIn(f"The token file {path} cannot be read: {reason(unreadable)}.") from unreadable

    return Tokens(read, origin=f"the file {path}", renewable=True)


def from_command(command: str | Sequence[str]) -> Tokens:
    """Run a command that prints a token, such as `clerk token`, without a shell."""
    words = shlex.split(command) if isinstance(command, str) else list(command)
    origin = f"the command {words[0]}" if words else "an empty token_command"

    def read() -> str:
        try:
            process = subprocess.run(  # noqa: S603 - the caller's own command, from the caller's own configuration
                words, stdout=subprocess.PIPE, text=True, check=False, timeout=COMMAND_SECONDS
            )
        except (OSError, IndexError, subprocess.TimeoutExpired) as failed:
            raise NotSignedIn(f"{origin} could not be run: {reason(failed)}.") from failed
        if process.returncode != 0:
            raise NotSignedIn(f"{origin} failed with exit code {process.returncode} and printed no token.")
        return process.stdout

    return Tokens(read, origin=origin, renewable=True)


def from_local_issuer(token_url: str, *, subject: str, admin: bool) -> Tokens:
    """Get a token from the local stack's issuer, with the admin scope if the command needs it."""

    def read() -> str:
        query = {"sub": subject, "scope": ADMIN_SCOPE if admin else ""}
        try:
            answer = httpx.get(token_url, params=query, timeout=LOCAL_SECONDS, trust_env=False)
            return answer.raise_for_status().text
        except httpx.HTTPError as failed:
            raise NotSignedIn(
                f"The issuer of the local stack does not answer at {token_url}: start the stack with `make run`."
            ) from failed

    return Tokens(read, origin=f"the local issuer, as {subject}", renewable=True)


KEY_FORM = "A key is isk_, 16 hexadecimal digits, another _ and 43 characters, as `image-store keys create` printed it."


def key_id_of(token: str) -> str | None:
    """The id of an API key, which is no secret; None for anything else."""
    match = _KEY.fullmatch(token)
    return match[1] if match else None


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """The header and payload of a JWT, not verified."""

    header: dict[str, Any]
    payload: dict[str, Any]

    @property
    def subject(self) -> str:
        """The owner of the images, or an empty text."""
        return str(self.payload.get("sub") or "")


def claims_of(token: str) -> TokenClaims | None:
    """Read a JWT's header and payload without checking its signature; None if it is not a JWT."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        header, payload = (json.loads(_decode(part)) for part in parts[:2])
    except ValueError:
        return None
    if not isinstance(header, dict) or not isinstance(payload, dict):
        return None
    return TokenClaims(header, payload)


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def reason(error: Exception) -> str:
    """Explain a failure in a few words, without the arguments of the call."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return type(error).__name__
