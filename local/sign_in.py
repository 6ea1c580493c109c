"""Sign-in at the local issuer: one click says who you are, and the web console or the command line gets its token.

This is the authorization code flow with PKCE (RFC 6749, RFC 7636) of any OpenID Connect provider, without passwords.
The command line comes back to a free port of 127.0.0.1 (RFC 8252), the console to its own address.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from yarl import URL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CODE_LIFETIME = timedelta(minutes=1)
ADMIN_SCOPE = "images:admin"
ADMIN = "admin"
PEOPLE = {
    "alice": "has her own images",
    "bob": "sees only his own images",
    ADMIN: "may also manage the whole store",
}
LOOPBACK = "127.0.0.1"
OFFLINE_ACCESS = "offline_access"
"""The scope for a refresh token (OpenID Connect Core, section 11)."""
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


class SignInRefused(Exception):
    """A sign-in request was refused; the message is OAuth's error code."""


@dataclass(frozen=True, slots=True)
class Grant:
    """The sign-in that a code or a refresh token represents."""

    subject: str
    scope: str
    client_id: str
    ends: datetime
    nonce: str = ""
    redirect_uri: str = ""
    challenge: str = ""


def scope_of(subject: str, requested: str) -> str:
    """The scopes that a person is granted: the admin's, and a refresh token if the client requested one."""
    scopes = ["openid", *([ADMIN_SCOPE] if subject == ADMIN else [])]
    return " ".join([*scopes, *([OFFLINE_ACCESS] if OFFLINE_ACCESS in requested.split() else [])])


def buttons_for(query: Mapping[str, str]) -> str:
    """A button for each person, which sends the query with the chosen name."""
    return "".join(
        f'<a href="?{html.escape(urlencode({**query, "as": name}))}"><b>{html.escape(name)}</b>'
        f"<span>{html.escape(role)}</span></a>"
        for name, role in PEOPLE.items()
    )


def page_of(query: Mapping[str, str]) -> str:
    """The page with one button for each person, and a field for any other name."""
    hidden = "".join(
        f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
        for name, value in query.items()
    )
    return _PAGE.format(buttons=buttons_for(query), hidden=hidden)


class SignIn:
    """Issues sign-in codes, and redeems each code once."""

    def __init__(self, *, client_id: str, origins: frozenset[str], now: Callable[[], datetime]) -> None:
        self._client_id = client_id
        self._origins = origins
        self._now = now
        self._grants: dict[str, Grant] = {}
        self._sessions: dict[str, str] = {}

    def begin_session(self, subject: str) -> str:
        """Return the value of a cookie by which a browser is known without a question, until the stack stops."""
        session = secrets.token_urlsafe(32)
        self._sessions[session] = subject
        return session

    def silent_redirect(self, query: Mapping[str, str], *, session: str) -> str:
        """Return the address for a page that asks with `prompt=none`; SignInRefused if its origin is not known.

        A browser without a session gets `login_required` (OpenID Connect Core, section 3.1.2.6).
        """
        self._require_client(query)
        if str(URL(query["redirect_uri"]).origin()) not in self._origins:
            raise SignInRefused("invalid_request: redirect_uri")
        subject = self._sessions.get(session)
        if subject is not None:
            return self.redirect(query, subject=subject)
        refusal = {"error": "login_required", "state": query.get("state", "")}
        return str(URL(query["redirect_uri"]).update_query(refusal))

    def page(self, query: Mapping[str, str]) -> str:
        """Return the page with one button for each person; SignInRefused if the client is unknown."""
        self._require_client(query)
        return page_of(query)

    def redirect(self, query: Mapping[str, str], *, subject: str) -> str:
        """Return the address for a browser whose person has chosen who they are; SignInRefused as for the page."""
        self._require_client(query)
        self._grants = {code: grant for code, grant in self._grants.items() if grant.ends > self._now()}
        code = secrets.token_urlsafe(32)
        self._grants[code] = Grant(
            subject=subject,
            scope=scope_of(subject, query.get("scope", "")),
            nonce=query.get("nonce", ""),
            client_id=self._client_id,
            redirect_uri=query["redirect_uri"],
            challenge=query["code_challenge"],
            ends=self._now() + CODE_LIFETIME,
        )
        return str(URL(query["redirect_uri"]).update_query(code=code, state=query.get("state", "")))

    def redeem(self, form: Mapping[str, str]) -> Grant:
        """Return the grant of a code, once and only to the client that began; SignInRefused otherwise."""
        grant = self._grants.pop(form.get("code", ""), None)
        if grant is None or grant.ends <= self._now():
            raise SignInRefused("invalid_grant")
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        same = (form.get("client_id"), form.get("redirect_uri")) == (grant.client_id, grant.redirect_uri)
        if not same or not hmac.compare_digest(challenge, grant.challenge):
            raise SignInRefused("invalid_grant")
        return grant

    def _require_client(self, query: Mapping[str, str]) -> None:
        if query.get("client_id") != self._client_id:
            raise SignInRefused("unauthorized_client")
        if not self._may_return_to(query.get("redirect_uri", "")):
            raise SignInRefused("invalid_request: redirect_uri")
        if query.get("response_type") != "code":
            raise SignInRefused("unsupported_response_type")
        if query.get("code_challenge_method") != "S256" or not CHALLENGE.fullmatch(
            query.get("code_challenge", "")
        ):
            raise SignInRefused("invalid_request: code_challenge")

    def _may_return_to(self, address: str) -> bool:
        """Return whether a code may be sent to this address: a page of a known origin, or a port of 127.0.0.1."""
        try:
            url = URL(address)
            origin = str(url.origin())
        except ValueError:
            return False
        is_here = url.scheme == "http" and url.host == LOOPBACK and url.explicit_port is not None
        return (origin in self._origins or is_here) and not url.fragment and not url.user and not url.password


_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Sign in · local image store</title>
<style>
:root {{ --page: #f6f5f2; --card: #fff; --ink: #1d1d1b; --soft: #5d5c57; --line: #dedcd5; --mark: #0d6a63 }}
@media (prefers-color-scheme: dark) {{
  :root {{ --page: #121314; --card: #1b1d1e; --ink: #eeede9; --soft: #a7a6a0; --line: #35383a; --mark: #7cd3c7 }}
}}
* {{ box-sizing: border-box }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 16px;
  font: 16px/1.5 system-ui, sans-serif; background: var(--page); color: var(--ink) }}
main {{ width: min(400px, 100%); background: var(--card); border: 1px solid var(--line); border-radius: 16px;
  padding: 32px }}
h1 {{ font-size: 22px; letter-spacing: -.01em; margin: 0 0 4px }}
p {{ margin: 0 0 20px; color: var(--soft) }}
a, input[name=as], button {{ display: block; width: 100%; padding: 12px 16px; margin-top: 8px; min-height: 48px;
  border: 1px solid var(--line); border-radius: 10px; color: inherit; background: none; font: inherit;
  text-align: left; text-decoration: none }}
a:hover, button:hover {{ border-color: var(--mark) }}
:focus-visible {{ outline: 3px solid var(--mark); outline-offset: 2px }}
b {{ display: block }} span {{ color: var(--soft); font-size: 14px }}
form {{ display: flex; gap: 8px; margin-top: 16px }}
button {{ width: auto }} label {{ display: block; margin-top: 20px; font-size: 14px; color: var(--soft) }}
form > * {{ margin-top: 4px !important }}
</style>
<main>
<h1>Who are you?</h1>
<p>This store runs on your machine: no password.</p>
{buttons}
<label for="as">Somebody else</label>
<form>{hidden}<input id="as" name="as" required maxlength="255" autocomplete="off"><button>Continue</button></form>
</main>
</html>
"""
