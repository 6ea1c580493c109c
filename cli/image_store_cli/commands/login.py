"""`image-store login`, `logout` and `whoami`: sign in at the store's issuer, out, and show who is signed in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
from rich.text import Text

from image_store_cli.command_line.arguments import add_command
from image_store_cli.display.texts import moment, plain
from image_store_cli.errors import RequestRefused
from image_store_cli.exits import Exit
from image_store_cli.settings.config_file import Profile
from image_store_cli.sign_in.device import sign_in_with_code
from image_store_cli.sign_in.issuers import client_of, discover, is_on_this_machine, require_secure
from image_store_cli.sign_in.loopback import sign_in_with_browser
from image_store_cli.sign_in.sign_ins import KEYRING, StoreSignIn, tokens_of
from image_store_cli.sign_in.tokens import claims_of, fixed, key_id_of
from image_store_client.http.retries import RetryPolicy

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from rich.console import Console

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context
    from image_store_cli.sign_in.issuers import Client, IssuerDocument
    from image_store_cli.sign_in.sign_ins import SignInTokens
    from image_store_cli.sign_in.token_endpoint import IssuedTokens
    from image_store_cli.store.api import ApiClient


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the three commands."""
    login = add_command(
        commands, common, "login", _login, summary="sign in to the store",
        details="Opens the sign-in page of the store's issuer in the browser. Without a browser here it shows a code "
        "for another device, where the issuer has them. With --json: who is signed in.",
        examples=("login", "login --profile prod", "login --device"),
    )  # fmt: skip
    login.add_argument("--device", action="store_true", help="show a code to enter on another device")
    login.add_argument(
        "-n", "--no-browser", action="store_true", help="only print the address of the sign-in page"
    )
    issuer = login.add_argument_group("issuer", "Options before the profile before the store's own settings.")
    issuer.add_argument("--issuer", metavar="URL", help="issuer to sign in at")
    issuer.add_argument("--client-id", metavar="ID", help="client id of this command at the issuer")
    issuer.add_argument("--scopes", metavar="SCOPES", help="scopes to request, separated by spaces")
    issuer.add_argument(
        "--redirect-uri", metavar="URL",
        help="address on this machine to come back to, for an issuer that must know its port",
    )  # fmt: skip
    add_command(
        commands, common, "logout", _logout, summary="sign out of the store",
        details="Deletes the tokens here, and revokes them where the issuer can.", examples=("logout",),
    )  # fmt: skip
    add_command(
        commands, common, "whoami", _whoami, summary="show who is signed in, and how",
        details="Also checks that the store accepts it. With --json: a document, without the token.",
        examples=("whoami", "whoami --json"),
    )  # fmt: skip


def _login(context: Context) -> Exit:
    args, url, profile = context.args, require_secure(context.settings.url), _profile_of_the_store(context)
    client = client_of(context.api, profile, issuer=args.issuer, client_id=args.client_id, scopes=args.scopes)
    document = discover(context.api.http, client.issuer)
    # The store names its issuer, so a wrong address could lead to a sign-in that is meant for another store.
    _tell(context, f"This signs you in at {client.issuer} and gives your token to the store at {url}.")
    if not _is_trusted(context, client) and not context.ask(
        "This store is not in your configuration. Sign in?"
    ):
        context.out.note("You are not signed in.")
        return Exit.OK
    tokens = _sign_in(context, document, client, redirect_uri=args.redirect_uri or profile.redirect_uri)
    _require_acceptance(context.api_with(RetryPolicy(), tokens=fixed(tokens.token, "the new sign-in")))
    claims = claims_of(tokens.token)
    sign_in = context.sign_ins.keep(
        url,
        StoreSignIn(
            issuer=client.issuer,
            client_id=client.client_id,
            token_endpoint=document.token_endpoint,
            revocation_endpoint=document.revocation_endpoint,
            subject=plain(claims.subject) if claims else "",
            place="",
        ),
        tokens,
    )
    context.out.note(f"Signed in to {url} as {sign_in.subject}.")
    if sign_in.place == KEYRING:
        context.out.note("The tokens are in the keyring of the system.")
    else:
        context.out.note(
            f"There is no keyring here: the tokens are in {context.sign_ins.path}, which only you can read. "
            "With a keyring of the system, `pip install 'image-store[keyring]'` keeps them there."
        )
    if not tokens.refresh_token:
        context.out.note(f"The issuer gave no refresh token: this lasts until {_time(tokens.expires_at)}.")
    own = tokens_of(context.sign_ins, url, sign_in).origin
    if (origin := context.resolve_settings().tokens.origin) != own:
        context.out.note(f"Commands still use {origin}, which comes before a sign-in.", style="yellow")
    if context.out.as_json:
        context.out.document(
            {"url": url, "subject": sign_in.subject, "issuer": client.issuer}, lambda _: None
        )
    return Exit.OK


def _profile_of_the_store(context: Context) -> Profile:
    """The profile, if it is that of the store: a token of its issuer is not for the store that `--url` names."""
    profile, url = context.settings.profile, context.settings.url
    if profile.is_of(url):
        return profile
    if profile.issuer and not context.args.issuer:
        words = f"for {profile.url}" if profile.url else "without a url"
        context.out.note(f"The profile is {words}, so its issuer is not used for {url}.", style="yellow")
    return Profile()


def _is_trusted(context: Context, client: Client) -> bool:
    """Whether to sign in without a question: also where nobody is asked, so that scripts work as they did.

    A store is known if it is on this machine or in the configuration, or if an earlier sign-in to it was at the same
    issuer. The options name an issuer that the store could not choose.
    """
    url = context.settings.url
    if context.args.issuer or not context.stdin.isatty():
        return True
    earlier = context.sign_ins.of(url)
    is_known = is_on_this_machine(url) or context.settings.profile.is_of(url)
    return is_known or (earlier is not None and earlier.issuer == client.issuer)


def _sign_in(
    context: Context, document: IssuerDocument, client: Client, *, redirect_uri: str | None
) -> IssuedTokens:
    """Sign in by the way that was chosen, or that this machine and the issuer have."""
    args = context.args

    def show_code(address: str, code: str) -> None:
        _tell(context, f"Open {address} on any device, and enter the code {code}")

    if args.device:
        return sign_in_with_code(context.api.http, document, client, show=show_code, sleep=context.sleep)
    if not context.browser.is_here and not args.no_browser and document.device_endpoint:
        return sign_in_with_code(context.api.http, document, client, show=show_code, sleep=context.sleep)

    def show_page(address: str) -> None:
        opened = not args.no_browser and context.browser.open(address)
        words = "Sign in with the browser. If it did not open, go to" if opened else "To sign in, open"
        _tell(context, f"{words} {address}")

    return sign_in_with_browser(context.api.http, document, client, redirect_uri=redirect_uri, show=show_page)


def _tell(context: Context, text: str) -> None:
    """Print what the person has to do now, also with --quiet."""
    context.out.errors.print(Text(plain(text)), soft_wrap=True)


def _require_acceptance(api: ApiClient) -> None:
    """Raise NotSignedIn if the store refuses the token; one that may not list images is accepted too."""
    try:
        api.images.list(page_size=1).page()
    except RequestRefused as refused:
        if refused.problem.status != 403:
            raise


def _logout(context: Context) -> Exit:
    url = context.settings.url
    sign_in = context.sign_ins.of(url)
    if sign_in is None:
        context.out.note(f"You are not signed in to {url}.")
        return Exit.OK
    secrets = context.sign_ins.forget(url)
    _revoke(context, sign_in, secrets)
    context.out.note(f"Signed out of {url}.")
    return Exit.OK


def _revoke(context: Context, sign_in: StoreSignIn, secrets: SignInTokens | None) -> None:
    """Revoke the refresh token (RFC 7009); a failure is noted, because the tokens are deleted here in any case."""
    if not (sign_in.revocation_endpoint and secrets and secrets.refresh_token):
        return
    form = {
        "token": secrets.refresh_token,
        "token_type_hint": "refresh_token",
        "client_id": sign_in.client_id,
    }
    try:
        answer = context.api.http.post(sign_in.revocation_endpoint, data=form)
        is_revoked = answer.status_code < 400
    except httpx.HTTPError:
        is_revoked = False
    if not is_revoked:
        context.out.note("The issuer did not revoke the sign-in: it ends by itself.", style="yellow")


def _whoami(context: Context) -> Exit:
    settings = context.settings
    _require_acceptance(context.api)
    token = settings.tokens.current()
    claims = claims_of(token)
    body: dict[str, Any] = {"url": settings.url, "from": settings.tokens.origin}
    if claims:
        expiry = claims.payload.get("exp")
        body |= {
            "subject": claims.subject,
            "issuer": claims.payload.get("iss"),
            "scopes": str(claims.payload.get("scope") or claims.payload.get("scp") or "").split(),
            "expires_at": _time(expiry) if isinstance(expiry, int | float) else None,
        }
    elif key_id := key_id_of(token):
        body["key"] = key_id
    if settings.acting_for:
        body["acting_for"] = settings.acting_for
    context.out.document(body, lambda console: _print(console, body))
    return Exit.OK


def _print(console: Console, body: dict[str, Any]) -> None:
    for name, value in body.items():
        text = (
            " ".join(value) if isinstance(value, list) else moment(value) if name == "expires_at" else value
        )
        if text:
            console.print(Text(plain(f"{name.replace('_', ' '):<11}  {text}")), soft_wrap=True)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
