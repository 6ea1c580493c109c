"""Sign-in at the local issuer, by the web console and by others, who are refused."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from local.issuer import Issuer
from local.issuer_keys import new_key
from local.sign_in import CODE_LIFETIME, SignIn, SignInRefused

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
VERIFIER = "a-verifier-that-is-long-enough-to-be-one-by-the-standard"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
KEY = new_key("RS256")
OFFLINE = "openid offline_access"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
REDIRECT = "http://localhost:8080/"
ORIGINS = frozenset({"http://localhost:8080"})
ASKED = {
    "response_type": "code",
    "client_id": "console",
    "redirect_uri": REDIRECT,
    "scope": "openid",
    "state": "state-1",
    "nonce": "nonce-1",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sign_in(clock: Clock) -> SignIn:
    return SignIn(client_id="console", origins=ORIGINS, now=clock)


@pytest.fixture
def issuer(clock: Clock) -> Issuer:
    """An issuer whose time is the clock's."""
    return Issuer(url="http://localhost:9", keys=(KEY,), origins=ORIGINS, now=clock)


def code_of(address: str) -> str:
    """The code in an address."""
    return parse_qs(urlsplit(address).query)["code"][0]


def sent(code: str, **changes: str) -> dict[str, str]:
    """The form with which the console redeems a code."""
    return {
        "grant_type": "authorization_code",
        "client_id": "console",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
        **changes,
    }


def test_a_click_redirects_back_with_a_code_and_the_state(sign_in: SignIn) -> None:
    address = sign_in.redirect(ASKED, subject="alice")

    assert address.startswith(f"{REDIRECT}?")
    assert parse_qs(urlsplit(address).query)["state"] == ["state-1"]
    assert sign_in.redeem(sent(code_of(address))).subject == "alice"


def test_a_code_is_valid_once(sign_in: SignIn) -> None:
    code = code_of(sign_in.redirect(ASKED, subject="alice"))
    sign_in.redeem(sent(code))

    with pytest.raises(SignInRefused, match="invalid_grant"):
        sign_in.redeem(sent(code))


def test_a_code_expires_after_a_minute(sign_in: SignIn, clock: Clock) -> None:
    code = code_of(sign_in.redirect(ASKED, subject="alice"))
    clock.time += CODE_LIFETIME

    with pytest.raises(SignInRefused, match="invalid_grant"):
        sign_in.redeem(sent(code))


@pytest.mark.parametrize(
    "change",
    [
        {"code_verifier": "another-verifier-that-is-long-enough-to-be-one"},
        {"code_verifier": ""},
        {"client_id": "another"},
        {"redirect_uri": "http://localhost:9999/"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_code_is_valid_only_for_the_client_that_began(sign_in: SignIn, change: dict[str, str]) -> None:
    code = code_of(sign_in.redirect(ASKED, subject="alice"))

    with pytest.raises(SignInRefused, match="invalid_grant"):
        sign_in.redeem(sent(code, **change))


def test_only_codes_are_redeemed(issuer: Issuer) -> None:
    with pytest.raises(SignInRefused, match="unsupported_grant_type"):
        issuer.tokens_for(sent("code", grant_type="password"))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"client_id": "another"}, "unauthorized_client"),
        ({"redirect_uri": "https://evil.example/"}, "redirect_uri"),
        ({"redirect_uri": "http://localhost.evil.example:8080/"}, "redirect_uri"),
        ({"redirect_uri": "http://localhost:8080/#fragment"}, "redirect_uri"),
        ({"redirect_uri": "javascript:alert(1)"}, "redirect_uri"),
        ({"redirect_uri": "http://["}, "redirect_uri"),
        ({"redirect_uri": "http://localhost:8081/"}, "redirect_uri"),
        ({"redirect_uri": "http://127.0.0.1/"}, "redirect_uri"),
        ({"redirect_uri": "https://127.0.0.1:8081/"}, "redirect_uri"),
        ({"redirect_uri": "http://127.0.0.1.evil.example:8081/"}, "redirect_uri"),
        ({"redirect_uri": "http://me@127.0.0.1:8081/"}, "redirect_uri"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "code_challenge"),
        ({"code_challenge": "short"}, "code_challenge"),
    ],
)
def test_only_the_console_gets_a_page_and_a_code(sign_in: SignIn, change: dict[str, str], fault: str) -> None:
    with pytest.raises(SignInRefused, match=fault):
        sign_in.page(ASKED | change)
    with pytest.raises(SignInRefused, match=fault):
        sign_in.redirect(ASKED | change, subject="alice")


def test_the_page_offers_people_and_escapes_the_query(sign_in: SignIn) -> None:
    page = sign_in.page(ASKED | {"state": '"><script>alert(1)</script>'})

    assert "as=alice" in page
    assert "as=admin" in page
    assert "<script" not in page


def test_the_tokens_name_the_person_and_only_the_admin_has_the_scope() -> None:
    key = new_key("RS256")
    now = datetime.now(UTC)
    issuer = Issuer(url="http://localhost:9", keys=(key,), origins=ORIGINS, now=lambda: now)

    claims = {}
    for subject in ("alice", "admin"):
        tokens = issuer.tokens_for(sent(code_of(issuer.sign_in.redirect(ASKED, subject=subject))))
        claims[subject] = jwt.decode(
            tokens["access_token"], key.private.public_key(), algorithms=["RS256"], audience="image-store"
        )
        identity = jwt.decode(
            tokens["id_token"], key.private.public_key(), algorithms=["RS256"], audience="console"
        )
        assert (identity["sub"], identity["nonce"]) == (subject, "nonce-1")

    assert timedelta(seconds=tokens["expires_in"]) > timedelta(hours=1)
    assert "images:admin" not in claims["alice"]["scope"].split()
    assert "images:admin" in claims["admin"]["scope"].split()


def test_a_program_of_this_machine_comes_back_to_any_port_of_the_loopback_address(sign_in: SignIn) -> None:
    redirect_uri = "http://127.0.0.1:49152/callback"

    address = sign_in.redirect(ASKED | {"redirect_uri": redirect_uri}, subject="alice")

    assert address.startswith(f"{redirect_uri}?")
    assert sign_in.redeem(sent(code_of(address), redirect_uri=redirect_uri)).subject == "alice"


def test_a_refresh_token_is_given_on_request_and_valid_once(issuer: Issuer) -> None:
    without = issuer.tokens_for(sent(code_of(issuer.sign_in.redirect(ASKED, subject="alice"))))
    code = code_of(issuer.sign_in.redirect(ASKED | {"scope": OFFLINE}, subject="alice"))
    first = issuer.tokens_for(sent(code))
    form = {"grant_type": "refresh_token", "client_id": "console", "refresh_token": first["refresh_token"]}

    second = issuer.tokens_for(form)

    assert "refresh_token" not in without
    assert second["refresh_token"] != first["refresh_token"]
    with pytest.raises(SignInRefused, match="invalid_grant"):
        issuer.tokens_for(form)
    issuer.refresh_tokens.revoke(second["refresh_token"])
    with pytest.raises(SignInRefused, match="invalid_grant"):
        issuer.tokens_for(form | {"refresh_token": second["refresh_token"]})


def test_a_device_gets_its_tokens_once_and_only_after_its_code_was_entered(issuer: Issuer) -> None:
    begun = issuer.devices.begin({"client_id": "console", "scope": OFFLINE})
    form = {"grant_type": DEVICE, "client_id": "console", "device_code": begun["device_code"]}
    with pytest.raises(SignInRefused, match="authorization_pending"):
        issuer.tokens_for(form)

    issuer.devices.approve(begun["user_code"].lower(), subject="bob")
    tokens = issuer.tokens_for(form)

    claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    assert (claims["sub"], "refresh_token" in tokens) == ("bob", True)
    with pytest.raises(SignInRefused, match="invalid_grant"):
        issuer.tokens_for(form)


def test_a_device_code_ends_and_an_unknown_code_or_client_is_refused(issuer: Issuer, clock: Clock) -> None:
    begun = issuer.devices.begin({"client_id": "console"})
    form = {"grant_type": DEVICE, "client_id": "console", "device_code": begun["device_code"]}
    with pytest.raises(SignInRefused, match="unauthorized_client"):
        issuer.devices.begin({"client_id": "another"})
    with pytest.raises(SignInRefused, match="no such code"):
        issuer.devices.page("AAAA-AAAA")

    clock.time += timedelta(seconds=begun["expires_in"])

    with pytest.raises(SignInRefused, match="no such code"):
        issuer.devices.approve(begun["user_code"], subject="bob")
    with pytest.raises(SignInRefused, match="expired_token"):
        issuer.tokens_for(form)


def test_a_browser_that_is_known_gets_a_code_without_a_question(sign_in: SignIn) -> None:
    session = sign_in.begin_session("alice")

    address = sign_in.silent_redirect(ASKED, session=session)

    assert sign_in.redeem(sent(code_of(address))).subject == "alice"


@pytest.mark.parametrize("session", ["", "of-another-stack"])
def test_a_browser_that_is_not_known_is_sent_back_without_a_code(sign_in: SignIn, session: str) -> None:
    address = sign_in.silent_redirect(ASKED, session=session)

    assert address.startswith(f"{REDIRECT}?")
    assert parse_qs(urlsplit(address).query) == {"error": ["login_required"], "state": ["state-1"]}


@pytest.mark.parametrize("redirect", ["http://127.0.0.1:49152/", "https://evil.example/"])
def test_only_the_console_gets_a_code_without_a_question(sign_in: SignIn, redirect: str) -> None:
    session = sign_in.begin_session("alice")

    with pytest.raises(SignInRefused, match="redirect_uri"):
        sign_in.silent_redirect(ASKED | {"redirect_uri": redirect}, session=session)
