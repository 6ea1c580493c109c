"""The API key or token of the caller, read when it is needed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from image_store_client.errors import ImageStoreError

if TYPE_CHECKING:
    from image_store_client.http.runtime import Runtime

Token = str | Callable[[], str | Awaitable[str]]
"""A token, or a function that returns one. The function is called at the first use, and again after a refusal."""


KEY_PREFIX = "isk_"


class Credentials:
    """The token of all requests of a store; a token function is called again once the store refuses its token."""

    def __init__(self, token: Token | None, runtime: Runtime) -> None:
        self._source = token
        self._runtime = runtime
        self._token = None if token is None or callable(token) else checked(token)
        self._lock = runtime.lock()

    async def current(self) -> str | None:
        """The token; None for a store that is used without one."""
        if self._token is None and callable(self._source):
            async with self._lock:
                if self._token is None:
                    self._token = checked(await self._runtime.resolve(self._source()))
        return self._token

    async def renew(self, refused: str) -> bool:
        """Get another token; False if there is none but the refused one."""
        if not callable(self._source):
            return False
        async with self._lock:
            if self._token == refused:
                self._token = checked(await self._runtime.resolve(self._source()))
            return self._token != refused

    def __repr__(self) -> str:
        return "Credentials(…)"


def the_token(key: str | None, token: Token | None) -> Token | None:
    """The token to send: ValueError if there is an API key beside it, `invalid_token` for a key that cannot be one."""
    if key is None:
        return token
    if token is not None:
        raise ValueError("Give either key or token.")
    key = checked(key)
    if not key.startswith(KEY_PREFIX):
        raise ValueError(f"An API key begins with {KEY_PREFIX}; give another token as `token`.")
    return key


def checked(token: object) -> str:
    """Return a token that can be a header, without white space around it; `invalid_token` otherwise.

    httpx would refuse it too, but with the token in its error.
    """
    word = (
        token.strip() if isinstance(token, str) else ""
    )  # a variable or a file often ends with a line break
    if not word or not word.isascii() or not word.isprintable() or " " in word:
        raise ImageStoreError(
            "A key or token is one word of printable ASCII characters.", code="invalid_token"
        )
    return word
