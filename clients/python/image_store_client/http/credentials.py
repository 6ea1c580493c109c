"""The API key or token of the caller, read when it is needed."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from image_store_client.errors import ImageStoreError

if TYPE_CHECKING:
    from image_store_client.http.runtime import Runtime

Token = str | Callable[[], str | Awaitable[str]]
"""A token, or a function that returns one. The function is called at the first use, and again after a refusal."""
KEY_PREFIX = "isk_"
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""The form of a bearer token (RFC 6750)."""


@dataclass(frozen=True, slots=True, repr=False)
class HeldToken:
    """A token as it was given at one time."""

    text: str


class Credentials:
    """The token of all requests of a store; a token function is called again once the store refuses its token."""

    def __init__(self, token: Token | None, runtime: Runtime) -> None:
        self._source = token
        self._runtime = runtime
        self._held = None if token is None or callable(token) else HeldToken(valid_token(token))
        self._lock = runtime.lock()

    async def current(self) -> HeldToken | None:
        """The token; None for a store that is used without one."""
        if self._held is None and callable(self._source):
            async with self._lock:
                if self._held is None:
                    self._held = await self._read(self._source)
        return self._held

    async def renew(self, refused: HeldToken) -> bool:
        """Get another token; False if there is none but the refused one.

        Requests that were refused at the same time get one token for all.
        """
        if not callable(self._source):
            return False
        async with self._lock:
            if self._held is refused:
                self._held = await self._read(self._source)
            return self._held is not None and self._held.text != refused.text

    async def _read(self, source: Callable[[], str | Awaitable[str]]) -> HeldToken:
        value = await self._runtime.resolve(source())
        return HeldToken(valid_token(value, "The function that returns the token returned"))

    def __repr__(self) -> str:
        return "Credentials(…)"


def token_of(key: str | None, token: Token | None) -> Token | None:
    """The token to send: ValueError if there is an API key beside it, `invalid_token` for a key that cannot be one."""
    if key is None:
        return token
    if token is not None:
        raise ValueError("Give either key or token.")
    key = valid_token(key)
    if not key.startswith(KEY_PREFIX):
        raise ValueError(f"An API key begins with {KEY_PREFIX}; give another token as `token`.")
    return key


def valid_token(token: object, beginning: str = "The key or token is") -> str:
    """Return a token that can be sent, without white space around it; `invalid_token` otherwise.

    httpx would refuse it too, but with the token in its error. `beginning` is that of the message.
    """
    word = token.strip() if isinstance(token, str) else ""  # a file often ends with a line break
    if not _TOKEN.fullmatch(word):
        raise ImageStoreError(f"{beginning} {_kind_of(token, word)}.", code="invalid_token")
    return word


def _kind_of(token: object, word: str) -> str:
    """Say what was given in place of a token, without showing it."""
    if token is None:
        return "nothing (None)"
    if not isinstance(token, str):
        return f"a value of the type {type(token).__name__}, and not a str"
    if not word:
        return "an empty text"
    if word.startswith("<"):
        return "a web page (HTML or XML), and not a token: its address is wrong, or the page asks to sign in"
    if word.startswith(("{", "[", '"')):
        return "JSON, and not the token in it"
    if word.lower().startswith("bearer "):
        return "a token behind the word Bearer, which the client adds itself"
    return "a text that cannot be a token: a token is one word of ASCII letters, digits and `-._~+/=`"
