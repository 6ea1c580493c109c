"""`image-store login`, `logout` and `whoami` against the local stack's issuer, over real HTTP."""

from __future__ import annotations

import io
import json
import socket
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import jwt
import pytest

from image_store_cli.command_line.parser import build_parser
from image_store_cli.context import Context
from image_store_cli.display.output import Output
from image_store_cli.errors import NotSignedIn
from image_store_cli.exits import Exit
from image_store_cli.main import run
from image_store_cli.sign_in.issuers import Client, discover
from image_store_cli.sign_in.loopback import (
    REQUEST_SECONDS,
    Attempt,
    RedirectListener,
    _handler,
    sign_in_with_browser,
)
from local.device_sign_in import DeviceSignIn
from tests.cli.desk import MemoryKeyring
from tests.cli.running_issuer import Person, RunningIssuer, device_address, query_of
from tests.cli.store_server import StoreServer

if TYPE_CHECKING:
    from tests.cli.desk import Desk

pytestmark = pytest.mark.loopback


def subject_of(token: str, issuer: RunningIssuer) -> str:
    """The subject of a token whose signature is the issuer's."""
    with httpx.Client(trust_env=False) as http:
        keys = {key["kid"]: key for key in http.get(f"{issuer.url}/jwks.json").json()["keys"]}
    key = jwt.PyJWK(keys[jwt.get_unverified_header(token)["kid"]])
    claims = jwt.decode(token, key, algorithms=["RS256"], audience="image-store", issuer=issuer.url)
    return str(claims["sub"])


def test_a_sign_in_in_the_browser_lasts_for_later_commands(desk: Desk) -> None:
    out, err = desk.run("login")
    desk.run("list")

    [page] = desk.person.visits
    query = query_of(page)
    assert query["redirect_uri"].startswith("http://127.0.0.1:")
    assert (query["code_challenge_method"], query["scope"]) == ("S256", "openid offline_access")
    assert (out, f"as {desk.person.name}." in err) == ("", True)
    assert err.startswith(
        f"This signs you in at {desk.issuer.url} and gives your token to the store at http://"
    )
    assert {subject_of(token, desk.issuer) for token in desk.sent_tokens()} == {"alice"}
    assert len(desk.sent_tokens()) == 2


def test_a_token_at_its_end_is_renewed_and_the_next_command_uses_the_new_one(desk: Desk) -> None:
    desk.run("login")
    first = desk.secrets()
    desk.age()

    desk.run("list")
    desk.run("list")

    second = desk.secrets()
    assert second["refresh_token"] != first["refresh_token"]
    assert desk.sent_tokens()[1:] == [second["token"]] * 2
    assert second["token"] != first["token"]


def test_a_token_that_the_store_refuses_is_renewed_once(desk: Desk) -> None:
    desk.run("login")
    first = desk.secrets()["token"]
    refusal = {"title": "Unauthorized", "status": 401, "code": "invalid_token"}
    desk.store.documents["/v1/images"] = (401, refusal)

    _, err = desk.run("list", exit_code=Exit.NOT_SIGNED_IN)

    assert "invalid_token" in err or "Unauthorized" in err
    assert len(desk.sent_tokens()) == 3
    assert desk.sent_tokens()[1] == first != desk.sent_tokens()[2]


def test_commands_at_once_renew_a_token_once(desk: Desk) -> None:
    desk.run("login")
    desk.age()
    contexts = [
        Context(
            build_parser().parse_args(["list", "--quiet"]),
            environment=desk.environment,
            folder=desk.folder,
            out=Output(quiet=True, stdout=io.StringIO(), stderr=io.StringIO()),
            find_keyring=lambda: None,
        )
        for _ in range(6)
    ]
    codes: list[Exit] = []

    threads = [threading.Thread(target=lambda each=each: codes.append(run(each))) for each in contexts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert codes == [Exit.OK] * 6
    assert len(set(desk.sent_tokens()[1:])) == 1


def test_a_sign_in_that_the_issuer_has_ended_is_reported(desk: Desk) -> None:
    desk.run("login")
    desk.issuer.issuer.refresh_tokens.revoke(desk.secrets()["refresh_token"])
    desk.age()

    _, err = desk.run("list", exit_code=Exit.NOT_SIGNED_IN)

    assert "The sign-in has ended (invalid_grant). Run `image-store login`" in err


def test_a_logout_deletes_and_revokes_the_tokens(desk: Desk) -> None:
    desk.keyring = MemoryKeyring()
    desk.run("login")
    secrets = desk.secrets()

    desk.run("logout")

    form = {"grant_type": "refresh_token", "client_id": "console", "refresh_token": secrets["refresh_token"]}
    with httpx.Client(trust_env=False) as http:
        assert http.post(f"{desk.issuer.url}/token", data=form).json() == {"error": "invalid_grant"}
    assert desk.keyring.texts == {}
    assert secrets["token"] not in desk.file.read_text()
    desk.run("list", exit_code=Exit.NOT_SIGNED_IN)
    assert "not signed in" in desk.run("logout")[1]


@pytest.mark.parametrize("words", [("login", "--device"), ("login",)], ids=["chosen", "no browser"])
def test_a_device_code_signs_in_without_a_browser_here(desk: Desk, words: tuple[str, ...]) -> None:
    desk.person = Person("bob", is_here=False)

    def enter_the_code_late() -> None:
        if len(desk.waits) == 2:
            desk.person.sign_in(device_address(desk.err.getvalue()))

    desk.on_wait = enter_the_code_late

    _, err = desk.run(*words)

    assert "as bob." in err
    assert desk.waits == [1.0, 1.0]
    assert subject_of(desk.secrets()["token"], desk.issuer) == "bob"


def test_a_device_code_that_the_issuer_has_forgotten_ends_the_command(desk: Desk) -> None:
    issuer = desk.issuer.issuer

    def restart_the_issuer() -> None:
        issuer.devices = DeviceSignIn(client_id="console", url=issuer.url, now=lambda: datetime.now(UTC))

    desk.on_wait = restart_the_issuer

    _, err = desk.run("login", "--device", exit_code=Exit.NOT_SIGNED_IN)

    assert ("invalid_grant" in err, desk.file.exists()) == (True, False)


def test_redirects_that_others_send_are_ignored(desk: Desk) -> None:
    def with_others_before(redirect: str) -> str:
        address = redirect.partition("?")[0]
        with httpx.Client(trust_env=False) as http:
            answers = [
                http.get(f"{address}?code=theirs&state=theirs"),
                http.get(f"{address}?error=access_denied"),
                http.get(
                    f"{address}?code=theirs&state={query_of(redirect)['state']}&iss=https://evil.example"
                ),
                http.get(address.replace("/callback", "/other")),
            ]
        assert [answer.status_code for answer in answers] == [400] * 4
        return redirect

    desk.person.change_redirect = with_others_before

    desk.run("login")

    assert subject_of(desk.secrets()["token"], desk.issuer) == "alice"


def test_a_connection_that_sends_nothing_does_not_delay_the_redirect(desk: Desk) -> None:
    connections: list[socket.socket] = []

    def with_an_idle_connection_before(redirect: str) -> str:
        port = urlsplit(redirect).port
        connections.append(socket.create_connection(("127.0.0.1", port or 0)))
        return redirect

    desk.person.change_redirect = with_an_idle_connection_before
    started = time.monotonic()

    desk.run("login")

    assert time.monotonic() - started < REQUEST_SECONDS
    for connection in connections:
        connection.close()


def test_a_browser_that_does_not_wait_for_the_last_page_has_signed_in() -> None:
    attempt = Attempt()
    with RedirectListener(None, attempt, issuer="https://issuer.example") as listener:
        ours, theirs = socket.socketpair()
        theirs.sendall(f"GET /callback?code=c&state={attempt.state} HTTP/1.0\r\n\r\n".encode())
        theirs.close()

        with ours:
            _handler(listener, "/callback")(ours, ("", 0), None)  # type: ignore[arg-type]

        assert listener.wait(0) == "c"


def test_a_store_without_https_gets_no_token(desk: Desk) -> None:
    _, err = desk.run("--url", "http://store.example", "login", exit_code=Exit.USAGE)

    assert ("is not an https address" in err, desk.person.visits) == (True, [])


def test_a_sign_in_that_nobody_finishes_ends_the_wait(desk: Desk) -> None:
    with httpx.Client(trust_env=False) as http:
        document = discover(http, desk.issuer.url)
        client = Client(desk.issuer.url, "console", "openid", None)

        with pytest.raises(NotSignedIn, match="Nobody signed in within 0 minutes"):
            sign_in_with_browser(
                http, document, client, redirect_uri=None, show=lambda _: None, patience_seconds=0.01
            )


def test_a_refused_sign_in_keeps_nothing(desk: Desk) -> None:
    desk.person.change_redirect = lambda redirect: (
        f"{redirect.partition('?')[0]}?error=access_denied&error_description=No.&state={query_of(redirect)['state']}"
    )

    _, err = desk.run("login", exit_code=Exit.NOT_SIGNED_IN)

    assert ("The sign-in was refused: No." in err, desk.file.exists()) == (True, False)


def test_a_sign_in_that_the_store_refuses_is_not_kept(desk: Desk) -> None:
    desk.store.documents["/v1/images"] = (
        401,
        {"title": "Unauthorized", "status": 401, "code": "invalid_token"},
    )

    desk.run("login", exit_code=Exit.NOT_SIGNED_IN)

    assert not desk.file.exists()


def test_an_issuer_that_must_know_the_port_gets_a_fixed_redirect_address(desk: Desk) -> None:
    with StoreServer() as gone:
        address = f"{gone.url}/back"

    desk.run("login", "--redirect-uri", address)

    assert query_of(desk.person.visits[0])["redirect_uri"] == address
    assert subject_of(desk.secrets()["token"], desk.issuer) == "alice"


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1:80/",
        "http://evil.example:80/",
        "http://127.0.0.1/x",
        "http://[",
        "http://localhost:x",
    ],
)
def test_a_redirect_address_elsewhere_is_a_wrong_command(desk: Desk, address: str) -> None:
    _, err = desk.run("login", "--redirect-uri", address, exit_code=Exit.USAGE)

    assert ("on this machine" in err, desk.person.visits) == (True, [])


def test_a_port_that_is_taken_is_reported(desk: Desk) -> None:
    _, err = desk.run("login", "--redirect-uri", f"{desk.store.url}/back", exit_code=Exit.USAGE)

    assert "is not free for the sign-in" in err


@pytest.mark.parametrize(
    ("settings", "words", "complaint"),
    [
        ({"client_id": ""}, (), "This store does not say where to sign in"),
        ({"issuer": "http://issuer.example"}, (), "not an https address"),
        ({}, ("--issuer", "http://localhost:9", "--client-id", "x"), "does not answer"),
    ],
    ids=["no client", "no https", "no issuer"],
)
def test_a_store_or_an_issuer_where_nobody_can_sign_in_is_reported(
    desk: Desk, settings: dict[str, str], words: tuple[str, ...], complaint: str
) -> None:
    desk.store.documents["/config.json"] = (200, desk.issuer.console_settings | settings)
    code = Exit.UNAVAILABLE if words else Exit.USAGE

    _, err = desk.run("login", *words, exit_code=code)

    assert (complaint in err, desk.person.visits) == (True, [])


def test_a_store_without_a_console_needs_the_client_by_name(desk: Desk) -> None:
    desk.store.documents["/config.json"] = (404, {"message": "Not Found"})

    desk.run("login", exit_code=Exit.USAGE)
    desk.run("login", "--issuer", desk.issuer.url, "--client-id", "console")

    assert subject_of(desk.secrets()["token"], desk.issuer) == "alice"


@pytest.mark.parametrize("is_own", [True, False])
def test_the_issuer_of_a_profile_is_for_its_own_store_alone(desk: Desk, *, is_own: bool) -> None:
    elsewhere = "http://127.0.0.1:9"
    config = desk.folder / "config/image-store/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(
        'profile = "prod"\n[profiles.prod]\n'
        f'url = "{desk.store.url if is_own else elsewhere}/"\n'
        f'issuer = "{elsewhere}"\nclient_id = "theirs"\nscopes = "theirs"\n'
    )
    if is_own:
        _, err = desk.run("login", "--url", desk.store.url, exit_code=Exit.UNAVAILABLE)

        assert f"The issuer {elsewhere} does not answer" in err
        assert "is not used" not in err
    else:
        _, err = desk.run("login", "--url", desk.store.url)

        assert f"The profile is for {elsewhere}/, so its issuer is not used for {desk.store.url}." in err
        assert query_of(desk.person.visits[0])["client_id"] == desk.issuer.console_settings["client_id"]
        assert subject_of(desk.secrets()["token"], desk.issuer) == "alice"


def test_a_variable_that_comes_before_the_sign_in_is_mentioned(desk: Desk) -> None:
    desk.environment["IMAGE_STORE_TOKEN"] = "theirs"

    _, err = desk.run("login")

    assert "Commands still use the variable IMAGE_STORE_TOKEN" in err


def test_whoami_says_who_and_how_and_that_nobody_is(desk: Desk) -> None:
    desk.run("whoami", exit_code=Exit.NOT_SIGNED_IN)
    desk.run("login")

    body = json.loads(desk.run("whoami", "--json")[0])
    text, _ = desk.run("whoami")

    assert body["subject"] == "alice"
    assert body["issuer"] == desk.issuer.url
    assert body["from"] == f"the sign-in of alice at {desk.issuer.url}"
    assert body["scopes"] == ["openid", "offline_access"]
    assert text.splitlines()[0].split() == ["url", desk.store.url]


def test_whoami_of_an_api_key_names_the_key_and_not_its_secret(desk: Desk) -> None:
    key = f"isk_0123456789abcdef_{'s' * 43}"
    desk.environment["IMAGE_STORE_KEY"] = key
    desk.store.documents["/v1/images"] = (
        403,
        {"title": "Forbidden", "status": 403, "code": "scope_required"},
    )

    out, err = desk.run("whoami", "--json")

    assert json.loads(out)["key"] == "0123456789abcdef"
    assert "sss" not in out + err


def test_a_damaged_list_of_sign_ins_says_what_to_do(desk: Desk) -> None:
    desk.run("login")
    desk.file.write_text("{")

    _, err = desk.run("list", exit_code=Exit.USAGE)

    assert f"{desk.file} cannot be read: delete it" in err
