"""What programs, the console and pages of other origins get from the local issuer."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from aiohttp.test_utils import TestClient, TestServer

from local.issuer import Issuer
from local.issuer_keys import ALGORITHMS, new_key
from local.issuer_pages import issuer_application
from tests.local.test_sign_in import ASKED, CHALLENGE

if TYPE_CHECKING:
    from multidict import CIMultiDictProxy

pytestmark = pytest.mark.loopback

CONSOLE = "http://localhost:8080"
KEYS = tuple(map(new_key, ALGORITHMS))
SECOND_KEYS = (new_key("ES256"),)
NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
FROM_THE_CONSOLE = {"Sec-Fetch-Site": "same-site", **NAVIGATION}
CROSS_SITE = {"Sec-Fetch-Site": "cross-site"}
OTHER_PORT = {"Sec-Fetch-Site": "same-site"}


def issuer() -> Issuer:
    """An issuer that knows one console."""
    origins = frozenset({CONSOLE})
    return Issuer(url="http://localhost:9", keys=KEYS, origins=origins, now=lambda: datetime.now(UTC))


def second_issuer() -> Issuer:
    """The issuer beside it, which the console does not know."""
    url = "http://localhost:9/second"
    return Issuer(url=url, keys=SECOND_KEYS, audience="second-app", now=lambda: datetime.now(UTC))


def ask(
    method: str, path: str, headers: dict[str, str] | None = None, **options: Any
) -> tuple[int, CIMultiDictProxy[str], str]:
    """Send a request to the issuer; return status, headers and text."""

    async def asking() -> tuple[int, CIMultiDictProxy[str], str]:
        application = issuer_application(issuer(), second_issuer())
        async with TestClient(TestServer(application, host="localhost")) as client:
            answer = await client.request(method, path, headers=headers, allow_redirects=False, **options)
            return answer.status, answer.headers, await answer.text()

    return asyncio.run(asking())


def test_a_program_gets_a_token_as_plain_text() -> None:
    status, headers, text = ask("GET", "/token?sub=bob")

    assert status == 200
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", text)
    assert headers["Content-Type"].startswith("text/plain")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_program_chooses_the_algorithm_of_its_token(algorithm: str) -> None:
    status, _, text = ask("GET", f"/token?sub=bob&alg={algorithm}")

    assert status == 200
    assert jwt.get_unverified_header(text)["alg"] == algorithm


@pytest.mark.parametrize("algorithm", ["none", "HS256", "es256", "<script>"])
def test_an_algorithm_without_a_key_is_refused_with_those_that_have_one(algorithm: str) -> None:
    status, headers, text = ask("GET", "/token", params={"alg": algorithm})

    assert (status, text) == (400, "alg must be one of RS256, ES256, EdDSA.")
    assert headers["Content-Type"].startswith("text/plain")


def test_the_second_issuer_has_documents_and_tokens_of_its_own() -> None:
    documents = {
        path: json.loads(ask("GET", path)[2])
        for path in ("/second/.well-known/openid-configuration", "/second/jwks.json", "/jwks.json")
    }
    _, _, text = ask("GET", "/second/token?sub=bob&alg=ES256")

    configuration, keys, keys_of_the_first = documents.values()
    assert configuration["issuer"] == "http://localhost:9/second"
    assert configuration["jwks_uri"] == "http://localhost:9/second/jwks.json"
    assert jwt.get_unverified_header(text)["kid"] == keys["keys"][0]["kid"]
    assert keys["keys"][0]["kid"] not in {key["kid"] for key in keys_of_the_first["keys"]}
    claims = jwt.decode(text, options={"verify_signature": False})
    assert (claims["iss"], claims["aud"]) == ("http://localhost:9/second", "second-app")
    assert ask("GET", "/second/authorize")[0] == 404


def test_a_person_who_types_the_address_gets_a_token() -> None:
    assert ask("GET", "/token", {"Sec-Fetch-Site": "none", **NAVIGATION})[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        CROSS_SITE | {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"},
        OTHER_PORT | {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"},
        CROSS_SITE | NAVIGATION,
        OTHER_PORT | NAVIGATION,
        OTHER_PORT | {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://localhost:1"},
        {"Origin": CONSOLE},
        {"Origin": "null"},
        {"Host": "evil.example"},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/token", "/second/token"])
def test_no_page_can_get_a_token(headers: dict[str, str], path: str) -> None:
    status, response_headers, text = ask("GET", f"{path}?scope=images:admin&alg=ES256", headers)

    assert status in {403, 421}
    assert "eyJ" not in text
    assert "Access-Control-Allow-Origin" not in response_headers


def test_a_token_is_not_valid_javascript() -> None:
    node = shutil.which("node")
    local_issuer = issuer()
    for number in range(20):
        algorithm = ALGORITHMS[number % len(ALGORITHMS)]
        token = local_issuer.token(subject=f"person-{number}", algorithm=algorithm)
        assert re.search(r"-[1-9][a-df-mo-zA-DF-Z]", token), token
        if node is not None:
            run = subprocess.run(
                [node, "--check", "-"], input=token, text=True, capture_output=True, check=False
            )
            assert run.returncode != 0
            assert "SyntaxError" in run.stderr


def test_the_console_reads_the_documents_and_redeems_its_code() -> None:
    for method, path in (
        ("GET", "/.well-known/openid-configuration"),
        ("GET", "/jwks.json"),
        ("POST", "/token"),
        ("POST", "/revoke"),
    ):
        _, headers, _ = ask(method, path, {"Origin": CONSOLE, **OTHER_PORT})
        assert headers["Access-Control-Allow-Origin"] == CONSOLE


@pytest.mark.parametrize(
    "origin", ["http://localhost:1", "https://evil.example", "null", "http://localhost:9"]
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/.well-known/openid-configuration"),
        ("GET", "/jwks.json"),
        ("POST", "/token"),
        ("GET", "/authorize"),
        ("GET", "/activate"),
        ("POST", "/device"),
        ("POST", "/revoke"),
        ("GET", "/second/.well-known/openid-configuration"),
        ("GET", "/second/jwks.json"),
        ("POST", "/second/token"),
    ],
)
def test_pages_of_other_origins_get_nothing(origin: str, method: str, path: str) -> None:
    status, headers, _ = ask(method, path, {"Origin": origin})

    assert status == 403
    assert "Access-Control-Allow-Origin" not in headers


def test_only_a_person_sent_by_the_console_sees_the_sign_in_page_and_no_frame() -> None:
    status, headers, _ = ask("GET", "/authorize", FROM_THE_CONSOLE, params=ASKED)

    assert status == 200
    assert headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    for other in (
        CROSS_SITE | NAVIGATION,
        OTHER_PORT | {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
        OTHER_PORT | {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    ):
        assert ask("GET", "/authorize", other, params=ASKED)[0] == 403


def test_only_a_click_on_the_page_itself_signs_in() -> None:
    query = ASKED | {"as": "admin"}

    assert ask("GET", "/authorize", {"Sec-Fetch-Site": "same-origin", **NAVIGATION}, params=query)[0] == 302
    assert ask("GET", "/authorize", params=query)[0] == 302  # a program
    for site in ("same-site", "cross-site"):
        status, headers, _ = ask("GET", "/authorize", {"Sec-Fetch-Site": site, **NAVIGATION}, params=query)
        assert (status, "Location" in headers) == (403, False)


def test_a_frame_of_the_console_is_sent_back_and_shows_no_page() -> None:
    frame = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
    query = ASKED | {"prompt": "none"}

    status, headers, _ = ask("GET", "/authorize", OTHER_PORT | frame, params=query)

    assert status == 302
    assert headers["Location"] == f"{CONSOLE}/?error=login_required&state=state-1"
    for other in (CROSS_SITE | frame, CROSS_SITE | NAVIGATION):
        status, headers, _ = ask("GET", "/authorize", other, params=query)
        assert (status, "Location" in headers) == (403, False)


def test_the_cookie_of_a_person_goes_to_the_sign_in_page_alone() -> None:
    _, headers, _ = ask("GET", "/authorize", params=ASKED | {"as": "alice"})

    name, *attributes = headers["Set-Cookie"].split("; ")
    assert name.startswith("local-issuer-session=")
    assert set(attributes) == {"HttpOnly", "Path=/authorize", "SameSite=Lax"}


def test_only_a_person_at_this_machine_enters_a_device_code() -> None:
    typed = {"Sec-Fetch-Site": "none", **NAVIGATION}
    status, headers, page = ask("GET", "/activate", typed)

    assert (status, "Code of the command line" in page) == (200, True)
    assert headers["X-Frame-Options"] == "DENY"
    assert ask("GET", "/activate", typed, params={"user_code": "AAAA-AAAA"})[0] == 400
    for site in ("same-site", "cross-site"):
        query = {"user_code": "AAAA-AAAA", "as": "admin"}
        assert ask("GET", "/activate", {"Sec-Fetch-Site": site, **NAVIGATION}, params=query)[0] == 403
        assert ask("GET", "/activate", {"Sec-Fetch-Site": site, **NAVIGATION})[0] == 403


def test_the_form_of_the_sign_in_page_may_lead_back_to_a_program_of_this_machine() -> None:
    query = ASKED | {"redirect_uri": "http://127.0.0.1:49152/callback"}

    _, headers, _ = ask("GET", "/authorize", {"Sec-Fetch-Site": "none", **NAVIGATION}, params=query)

    [form_action] = re.findall(r"form-action ([^;]+)", headers["Content-Security-Policy"])
    assert set(form_action.split()) == {"'self'", CONSOLE, "http://127.0.0.1:49152"}


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:1/",
        "http://localhost/",
        "https://127.0.0.1:8080/",
        "http://a@localhost:8080/",
        "http://localhost:8080.evil.example/",
    ],
)
def test_a_code_goes_only_to_the_console(address: str) -> None:
    query = ASKED | {"as": "admin", "redirect_uri": address, "code_challenge": CHALLENGE}

    status, headers, _ = ask("GET", "/authorize", params=query)

    assert status == 400
    assert "Location" not in headers


@pytest.mark.parametrize(
    ("query", "seconds"),
    [
        ("", 43_200),
        ("&expires_in=", 43_200),
        ("&expires_in=30", 30),
        ("&expires_in=1", 1),
        ("&expires_in=43200", 43_200),
    ],
)
@pytest.mark.parametrize("path", ["/token?alg=RS256", "/second/token?alg=ES256"])
def test_a_token_lives_as_long_as_the_address_says(path: str, query: str, seconds: int) -> None:
    status, _, token = ask("GET", f"{path}{query}")

    claims = jwt.decode(token, options={"verify_signature": False})
    assert (status, claims["exp"] - claims["iat"]) == (200, seconds)


@pytest.mark.parametrize("lifetime", ["0", "-1", "43201", "1.5", "30s", "9" * 5_000, "\u0663"])
def test_a_lifetime_that_no_token_has_is_refused(lifetime: str) -> None:
    status, _, text = ask("GET", f"/token?sub=alice&expires_in={lifetime}")

    assert (status, text) == (400, "expires_in must be 1 to 43200 seconds.")
