"""Sign-in in a browser: authorization code with PKCE and a redirect to this machine (RFC 8252, RFC 7636)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

from image_store_cli.display.texts import plain
from image_store_cli.errors import NotOffered, NotSignedIn, UsageError
from image_store_cli.sign_in.token_endpoint import request_tokens
from image_store_cli.sign_in.tokens import claims_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    import httpx

    from image_store_cli.sign_in.issuers import Client, IssuerDocument
    from image_store_cli.sign_in.token_endpoint import IssuedTokens

LOOPBACK = "127.0.0.1"
REDIRECT_HOSTS = frozenset({LOOPBACK, "localhost"})
DEFAULT_PATH = "/callback"
PATIENCE_SECONDS = 300.0
REQUEST_SECONDS = 5
POLL_SECONDS = 0.05
PAGE = "<!doctype html><meta charset=utf-8><title>{0}</title><h1>{0}</h1><p>You may close this page."


def _random() -> str:
    return secrets.token_urlsafe(48)


@dataclass(frozen=True, slots=True)
class Attempt:
    """The secrets of one sign-in."""

    verifier: str = field(default_factory=_random)
    state: str = field(default_factory=_random)
    nonce: str = field(default_factory=_random)

    @property
    def challenge(self) -> str:
        """The S256 code challenge."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def __repr__(self) -> str:
        return "Attempt()"


def sign_in_with_browser(
    http: httpx.Client,
    document: IssuerDocument,
    client: Client,
    *,
    redirect_uri: str | None,
    show: Callable[[str], None],
    patience_seconds: float = PATIENCE_SECONDS,
) -> IssuedTokens:
    """Show the address of the sign-in page, wait until the browser comes back, and return the tokens.

    Without a `redirect_uri`, a free port is used, which issuers should accept (RFC 8252, section 7.3). NotSignedIn if
    the sign-in is refused, or is not finished in time.
    """
    if document.authorization_endpoint is None:
        raise NotOffered(f"The issuer {document.issuer} has no page to sign in.")
    attempt = Attempt()
    with RedirectListener(redirect_uri, attempt, issuer=document.issuer) as listener:
        query = {
            "response_type": "code",
            "client_id": client.client_id,
            "redirect_uri": listener.redirect_uri,
            "scope": document.scopes_for(client),
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        } | ({"audience": client.audience} if client.audience else {})
        joint = "&" if "?" in document.authorization_endpoint else "?"
        show(f"{document.authorization_endpoint}{joint}{urlencode(query)}")
        code = listener.wait(patience_seconds)
        redirect = listener.redirect_uri
    tokens = request_tokens(
        http,
        document.token_endpoint,
        {
            "grant_type": "authorization_code",
            "client_id": client.client_id,
            "code": code,
            "redirect_uri": redirect,
            "code_verifier": attempt.verifier,
        },
    )
    identity = claims_of(tokens.id_token) if tokens.id_token else None
    if identity is not None and identity.payload.get("nonce") != attempt.nonce:
        raise NotSignedIn("The issuer answered another sign-in than this one: nothing was kept.")
    return tokens


class RedirectListener:
    """Receives the redirect of one sign-in on this machine's loopback address; a context manager.

    Requests with another state, as a web page could send them, change nothing.
    """

    def __init__(self, redirect_uri: str | None, attempt: Attempt, *, issuer: str) -> None:
        host, port, path = _parse(redirect_uri) if redirect_uri else (LOOPBACK, 0, DEFAULT_PATH)
        self.is_answered = threading.Event()
        """Set when the browser has the page that ends the sign-in."""
        self._result: dict[str, str] = {}
        try:
            self._server = ThreadingHTTPServer((LOOPBACK, port), _handler(self, path))
        except OSError as taken:
            raise UsageError(f"Port {port} of this machine is not free for the sign-in.") from taken
        self.redirect_uri = redirect_uri or f"http://{host}:{self._server.server_address[1]}{path}"
        self._attempt = attempt
        self._issuer = issuer
        # Browsers open connections that they do not use; each has a thread of its own, and none delays the redirect.
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(POLL_SECONDS,), daemon=True)

    def __enter__(self) -> RedirectListener:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait(self, patience_seconds: float) -> str:
        """Wait for the code; NotSignedIn if the sign-in was refused, or did not end in time."""
        if not self.is_answered.wait(patience_seconds):
            raise NotSignedIn(f"Nobody signed in within {round(patience_seconds / 60)} minutes.")
        if error := self._result.get("error"):
            detail = plain(self._result.get("error_description") or error)
            raise NotSignedIn(f"The sign-in was refused: {detail}.")
        return self._result["code"]

    def accept(self, query: dict[str, str]) -> bool:
        """Take the result out of a redirect; False if it is not one of this sign-in."""
        if not hmac.compare_digest(query.get("state", "").encode(), self._attempt.state.encode()):
            return False
        if query.get("iss", self._issuer) != self._issuer:  # RFC 9207
            return False
        if not query.get("code") and not query.get("error"):
            return False
        self._result = query
        return True


def _parse(redirect_uri: str) -> tuple[str, int, str]:
    """The host, port and path of a redirect address; UsageError unless it leads to a port of this machine."""
    try:
        parts = urlsplit(redirect_uri)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if host not in REDIRECT_HOSTS or port is None or parts.scheme != "http" or parts.query or parts.fragment:
        raise UsageError("The redirect address must be like http://127.0.0.1:8976/callback, on this machine.")
    return host, port, parts.path or "/"


def _handler(listener: RedirectListener, path: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = REQUEST_SECONDS

        def log_message(self, *_: Any) -> None:
            """Print nothing: the address has the code."""

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            is_result = parts.path == path and listener.accept(query)
            title = "Back to the command line" if is_result else "This is not a sign-in that was begun here"
            body = PAGE.format(title).encode()
            self.send_response(200 if is_result else 400)
            for name, value in (
                ("Content-Type", "text/html; charset=utf-8"),
                ("Content-Length", str(len(body))),
                ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
                ("Cache-Control", "no-store"),
                ("Referrer-Policy", "no-referrer"),
                ("Connection", "close"),
            ):
                self.send_header(name, value)
            try:
                self.end_headers()
                self.wfile.write(body)
            finally:  # also for a browser that has closed the connection: the code is here
                if is_result:
                    listener.is_answered.set()

        def handle(self) -> None:
            try:
                super().handle()
            except (TimeoutError, ConnectionError):
                self.close_connection = True

    return Handler
