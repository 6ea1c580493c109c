"""Routes of the local issuer: tokens for programs, and sign-in pages for people who use the console or command line.

A page of another origin gets nothing: it cannot load a token as a script, image or document, show the sign-in page in a
frame, or sign a person in by redirecting the browser. The console may ask in a hidden frame whether the browser is
known (`prompt=none`), which leads back to the console in any case.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from aiohttp import web
from yarl import URL

from local.host_check import Handler, localhost_only
from local.inside_emulator.browsers import HERE, SAME_SITE, TYPED, is_a_frame, opens_a_document
from local.issuer import DEFAULT_SUBJECT, SHORTEST_LIFETIME, TOKEN_LIFETIME, UnknownAlgorithm
from local.issuer_keys import DEFAULT_ALGORITHM
from local.page_check import CLOSED, lower_case_names, refusal
from local.sign_in import SignInRefused

if TYPE_CHECKING:
    from aiohttp.typedefs import Middleware

    from local.issuer import Issuer

SECOND = "/second"
"""The path of the second issuer: it has documents and tokens for programs, and no sign-in."""
SITE = "sec-fetch-site"
AUTHORIZE, ACTIVATE = "/authorize", "/activate"
_CODE_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="color-scheme" content="light dark">
<title>Enter the code · local image store</title>
<form><label>Code of the command line <input name="user_code" required autocomplete="off"></label>
<button>Continue</button></form>
</html>
"""
SESSION_COOKIE = "local-issuer-session"
_LIFETIMES = f"{SHORTEST_LIFETIME.total_seconds():.0f} to {TOKEN_LIFETIME.total_seconds():.0f}"
READ_BY_THE_CONSOLE = {
    ("GET", "/.well-known/openid-configuration"),
    ("GET", "/jwks.json"),
    ("POST", "/token"),
    ("POST", "/revoke"),
}


def issuer_application(issuer: Issuer, second: Issuer) -> web.Application:
    """Return the HTTP application with the documents and tokens of both issuers, and the first one's sign-in page."""
    application = web.Application(middlewares=[localhost_only, forbid_other_origins, for_callers_of(issuer)])
    _add_documents(application, issuer, path="")
    _add_documents(application, second, path=SECOND)
    _add_sign_in(application, issuer)
    _add_devices(application, issuer)
    return application


def _add_documents(application: web.Application, issuer: Issuer, *, path: str) -> None:
    async def token(request: web.Request) -> web.Response:
        query = request.query
        lifetime = _lifetime(query.get("expires_in", ""))
        if lifetime is None:
            return web.Response(status=400, text=f"expires_in must be {_LIFETIMES} seconds.")
        try:
            signed = issuer.token(
                subject=query.get("sub") or DEFAULT_SUBJECT,
                scope=query.get("scope", ""),
                algorithm=query.get("alg") or DEFAULT_ALGORITHM,
                lifetime=lifetime,
            )
        except UnknownAlgorithm as unknown:
            return web.Response(status=400, text=f"{unknown}.")
        return web.Response(text=signed)

    async def configuration(_: web.Request) -> web.Response:
        return web.json_response(issuer.configuration())

    async def keys(_: web.Request) -> web.Response:
        return web.json_response(issuer.keys())

    application.router.add_get(f"{path}/.well-known/openid-configuration", configuration)
    application.router.add_get(f"{path}/jwks.json", keys)
    application.router.add_get(f"{path}/token", token)


def _add_sign_in(application: web.Application, issuer: Issuer) -> None:
    async def authorize(request: web.Request) -> web.Response:
        query = dict(request.query)
        subject = query.pop("as", "")
        try:
            if query.get("prompt") == "none":
                session = request.cookies.get(SESSION_COOKIE, "")
                return _redirect(issuer.sign_in.silent_redirect(query, session=session))
            if subject:
                answer = _redirect(issuer.sign_in.redirect(query, subject=subject))
                session = issuer.sign_in.begin_session(subject)
                answer.set_cookie(SESSION_COOKIE, session, path=AUTHORIZE, httponly=True, samesite="Lax")
                return answer
            page = issuer.sign_in.page(query)
        except SignInRefused as refusal:
            return web.Response(status=400, text=f"This is not a request of a known client: {refusal}.")
        return _page(page, {*issuer.origins, str(URL(query["redirect_uri"]).origin())})

    async def redeem(request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        try:
            answer = issuer.tokens_for(form)
        except SignInRefused as refusal:
            return web.json_response({"error": str(refusal)}, status=400)
        return web.json_response(answer)

    async def revoke(request: web.Request) -> web.Response:
        issuer.refresh_tokens.revoke(str((await request.post()).get("token", "")))
        return web.Response()

    application.router.add_get(AUTHORIZE, authorize)
    application.router.add_post("/token", redeem)
    application.router.add_post("/revoke", revoke)


def _add_devices(application: web.Application, issuer: Issuer) -> None:
    async def begin(request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        try:
            return web.json_response(issuer.devices.begin(form))
        except SignInRefused as refusal:
            return web.json_response({"error": str(refusal)}, status=400)

    async def activate(request: web.Request) -> web.Response:
        user_code, subject = request.query.get("user_code", ""), request.query.get("as", "")
        if not user_code:
            return _page(_CODE_PAGE, set())
        try:
            if not subject:
                return _page(issuer.devices.page(user_code), set())
            issuer.devices.approve(user_code, subject=subject)
        except SignInRefused as refusal:
            return web.Response(status=400, text=f"This code cannot be used: {refusal}.")
        return web.Response(text=f"{subject} is signed in. Go back to the command line.")

    application.router.add_post("/device", begin)
    application.router.add_get(ACTIVATE, activate)


def _lifetime(text: str) -> timedelta | None:
    """The lifetime that a query names in seconds, or the usual one; None if it is not possible."""
    if not text:
        return TOKEN_LIFETIME
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII):
        return None
    lifetime = timedelta(seconds=int(text))
    return lifetime if SHORTEST_LIFETIME <= lifetime <= TOKEN_LIFETIME else None


def _redirect(address: str) -> web.Response:
    return web.Response(status=302, headers={"Location": address})


def _page(text: str, form_origins: set[str]) -> web.Response:
    """A page without scripts; its form may lead to these origins."""
    allowed = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
    policy = f"{allowed}; form-action {' '.join(["'self'", *sorted(form_origins)])}"
    return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": policy})


def for_callers_of(issuer: Issuer) -> Middleware:
    """Return a middleware that accepts the console, people at the sign-in page, and programs, and refuses others."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        headers = lower_case_names(request.headers)
        origin, site = headers.get("origin"), headers.get(SITE, TYPED)
        if origin is not None:
            if origin not in issuer.origins or (request.method, request.path) not in READ_BY_THE_CONSOLE:
                return refusal()
            answer = await handler(request)
            answer.headers.update({"Access-Control-Allow-Origin": origin, "Vary": "Origin"})
            return answer
        if site == TYPED:
            return await handler(request)
        # In a hidden frame the console only asks whether the browser is known, and gets no page.
        asks = request.path == AUTHORIZE and request.query.get("prompt") == "none"
        opens = opens_a_document(request.method, headers) or (asks and is_a_frame(request.method, headers))
        if request.path not in {AUTHORIZE, ACTIVATE} or not opens:
            return refusal()
        # The console sends people to the sign-in page. They choose who they are there, not in the link.
        is_sent = site == SAME_SITE and request.path == AUTHORIZE and "as" not in request.query
        may_come = site == HERE or is_sent
        return await handler(request) if may_come else refusal()

    return check


@web.middleware
async def forbid_other_origins(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Forbid other origins to load or frame any response, and caches to store it."""
    answer = await handler(request)
    for name, value in CLOSED.items():
        answer.headers.setdefault(name, value)
    return answer
