"""The store as commands see it: the Python client, whose errors are those of commands.

Every command has it as `context.api`, and calls the client's methods: `context.api.images.get(…)`, `.shares`, `.jobs`.
"""

from __future__ import annotations

import time
from typing import IO, TYPE_CHECKING, Any

import httpx

from image_store_cli import VERSION
from image_store_cli.store.error_translation import command_error
from image_store_client import ImageStore, ImageStoreError
from image_store_client.downloads import fetch
from image_store_client.http.credentials import Credentials
from image_store_client.http.runtime import ThreadRuntime, finish
from image_store_client.http.transport import Transport, client_options

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from datetime import timedelta

    from image_store_cli.sign_in.tokens import Tokens
    from image_store_client.downloads import ExpectedBytes
    from image_store_client.http.retries import RetryPolicy
    from image_store_client.progress import OnDownloadProgress

TIMEOUT_SECONDS = 60
AGENT = f"image-store-cli/{VERSION}"


class ApiClient(ImageStore):
    """One store for one caller; safe to use from several threads. Every failure is a CommandError."""

    def __init__(
        self,
        url: str,
        tokens: Tokens,
        *,
        owner: str | None = None,
        http: httpx.Client | None = None,
        policy: RetryPolicy | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.tokens = tokens
        self.http = http or new_client()
        runtime = ThreadRuntime(self.http, sleep=sleep)
        credentials = Credentials(token_function(tokens), runtime)
        self._connect(Transport(url, runtime, credentials, owner=owner, policy=policy), run)

    @property
    def ahead(self) -> timedelta:
        """How far the store's clock is ahead of this one, by its last response; whole seconds."""
        return self._transport.ahead

    def request_json(self, method: str, path: str, *, json: Any = None, signed_in: bool = True) -> Any:
        """Send a request for which the client has no method, and return its JSON; NotOffered for anything else."""
        return run(self._transport.json(method, path, json=json, signed_in=signed_in))

    def fetch(
        self,
        link: str,
        target: IO[bytes],
        expected: ExpectedBytes,
        *,
        on_progress: OnDownloadProgress | None = None,
    ) -> None:
        """Download a link into `target` without a token, and check the bytes; Broken if they are wrong.

        After an error the target may hold some of the bytes; the caller discards them. A response that ends too early
        is Unavailable.
        """
        run(fetch(self._transport, link, target, expected, on_progress=on_progress))


def run[T](coroutine: Coroutine[Any, Any, T], /) -> T:
    """Run a coroutine of the client; its error becomes that of a command."""
    try:
        return finish(coroutine)
    except ImageStoreError as failed:
        raise command_error(failed) from failed


def new_client() -> httpx.Client:
    """Create a client for the API and for links into storage.

    It does not follow redirects, because they lead to storage, which must not get the token.
    """
    return httpx.Client(**(client_options(TIMEOUT_SECONDS) | {"headers": {"User-Agent": AGENT}}))


def token_function(tokens: Tokens) -> Callable[[], str]:
    """What returns the token, and after that a renewed one: the client calls it again when a token was refused."""
    token: str | None = None

    def read() -> str:
        nonlocal token
        if token is not None:
            tokens.renew(token)
        token = tokens.current()
        return token

    return read
