"""A page of another origin tries everything that a browser lets it try on the local stack, and gets nowhere.

It runs in a real browser, on another port of localhost and under another host name, and tries each service: as a
fetch, a script, an image, a frame, a form and by going there.
"""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Error

from local.settings import PRIVATE_BUCKET
from tests.chromium import running_chromium
from tests.e2e.test_images import upload
from tests.e2e.test_local_stack import listening_ports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.e2e.conftest import Stack

EVIL = "evil.example"
HOSTS = ("localhost", "127.0.0.1", EVIL)
LONG_MS = 20_000

TRY = """async ({address, init}) => {
  try {
    const answer = await fetch(address, init);
    return answer.type === "opaque" ? "opaque" : `read ${answer.status}`;
  } catch (refused) { return "refused"; }
}"""
LOAD = """({tag, address}) => new Promise((done) => {
  const element = document.createElement(tag);
  element.onload = () => done("loaded");
  element.onerror = () => done("refused");
  element.src = address;
  document.body.append(element);
})"""
READ_FRAME = """(address) => new Promise((done) => {
  const frame = document.createElement("iframe");
  frame.onload = () => { try { done(frame.contentDocument.body.innerText); } catch { done("unreadable"); } };
  frame.src = address;
  document.body.append(frame);
})"""
PARSE = """(text) => { try { new Function(text); return "parsed"; } catch (error) { return error.name; } }"""


class Nothing(BaseHTTPRequestHandler):
    """An empty page, whatever is asked for."""

    def do_GET(self) -> None:
        body = b"<!doctype html><title>another origin</title><body></body>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[int]:
    """The port of a server of somebody else."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Nothing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for which the other host name leads to this machine, as after a rebinding of DNS."""
    with running_chromium(f"--host-resolver-rules=MAP {EVIL} 127.0.0.1") as browser:
        yield browser


class Attempt:
    """A page of another origin, and what the stack answered to whatever it caused."""

    def __init__(self, page: Page, ports: set[int]) -> None:
        self.page = page
        self.answers: list[tuple[int, str, str]] = []
        self._ports = ports
        page.set_default_timeout(LONG_MS)
        page.on("response", lambda answer: self._note(answer.status, answer.request.method, answer.url))

    def _note(self, status: int, method: str, address: str) -> None:
        if any(f":{port}/" in address for port in self._ports):
            self.answers.append((status, method, address))

    def successes(self) -> list[tuple[int, str, str]]:
        """What was answered as if it had been allowed."""
        return [answer for answer in self.answers if answer[0] < 400]


@pytest.fixture(params=HOSTS)
def attempt(
    request: pytest.FixtureRequest, browser: Browser, elsewhere: int, stack: Stack
) -> Iterator[Attempt]:
    """A fresh page of another origin."""
    context = browser.new_context()
    new_attempt = Attempt(context.new_page(), listening_ports(stack))
    new_attempt.page.goto(f"http://{request.param}:{elsewhere}/")
    yield new_attempt
    context.close()


def forged(service: str, key: str = "test") -> str:
    """A signature of nobody, in a header."""
    day = f"{datetime.now(UTC):%Y%m%d}"
    return f"AWS4-HMAC-SHA256 Credential={key}/{day}/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=00"


def services(stack: Stack) -> list[str]:
    """Every address of the stack that answers anything to anybody."""
    addresses = stack.described
    emulator, providers = addresses["s3_endpoint"], addresses["providers_url"]
    [api_id] = [api["ApiId"] for api in stack.client("apigatewayv2").get_apis()["Items"]]
    return [
        f"{addresses['api_url']}/v1/health",
        f"{addresses['api_url']}/v1/images",
        f"{addresses['api_url']}/v1/feed",
        addresses["token_url"],
        f"{addresses['issuer']}/.well-known/openid-configuration",
        f"{addresses['issuer']}/jwks.json",
        f"{addresses['issuer']}/authorize",
        addresses["second_token_url"],
        f"{addresses['second_issuer']}/jwks.json",
        f"{providers}/control",
        f"{providers}/pollinations/image/a",
        f"{emulator}/",
        f"{emulator}/health",
        f"{emulator}/_ministack/health",
        f"{emulator}/_ministack/config",
        f"{emulator}/_localstack/health",
        f"{emulator}/{PRIVATE_BUCKET}?list-type=2",
        f"{emulator}/2015-03-31/functions/",
        f"{emulator}/_aws/execute-api/{api_id}/$default/v1/health",
        f"{emulator}/_aws/sqs/messages",
    ]


def test_nothing_can_be_fetched(attempt: Attempt, stack: Stack) -> None:
    for address in services(stack):
        for init in (
            {},
            {"mode": "no-cors"},
            {
                "mode": "no-cors",
                "method": "POST",
                "body": "Action=CreateUser&UserName=evil&Version=2010-05-08",
            },
            {"method": "POST", "body": "{}", "headers": {"Content-Type": "text/plain"}},
            {"method": "PUT", "body": "{}"},
            {"method": "DELETE"},
            {"headers": {"Authorization": forged("s3")}},
        ):
            result = attempt.page.evaluate(TRY, {"address": address, "init": init})
            assert result in {"refused", "opaque"}, (address, init)

    assert attempt.successes() == []


@pytest.mark.parametrize("key", ["test", "000000000000", "local-root"])
def test_no_call_of_aws_has_any_effect(attempt: Attempt, stack: Stack, key: str) -> None:
    emulator = stack.described["s3_endpoint"]
    day = f"{datetime.now(UTC):%Y%m%d}"
    query = (
        f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={key}/{day}/us-east-1/iam/aws4_request&"
        f"X-Amz-Date={day}T000000Z&X-Amz-SignedHeaders=host&X-Amz-Expires=86400&X-Amz-Signature={'0' * 64}"
    )
    calls: list[tuple[str, dict[str, Any]]] = [
        ("/", {"body": "Action=CreateUser&UserName=evil&Version=2010-05-08"}),
        (f"/?{query}", {"body": "Action=CreateUser&UserName=evil&Version=2010-05-08"}),
        (f"/?{query}&Action=CreateUser&UserName=evil&Version=2010-05-08", {}),
        (
            "/",
            {
                "body": '{"SecretId": "image-store/signing"}',
                "headers": {"Authorization": forged("secretsmanager", key)},
            },
        ),
        ("/2015-03-31/functions", {"body": "{}", "headers": {"Authorization": forged("lambda", key)}}),
        ("/evil-bucket", {"method": "PUT", "headers": {"Authorization": forged("s3", key)}}),
    ]

    for path, init in calls:
        for mode in ("cors", "no-cors"):
            request = {"method": "POST", "mode": mode, **init}
            if mode == "no-cors" and (request["method"] == "PUT" or "headers" in init):
                continue  # the browser itself does not send these
            result = attempt.page.evaluate(TRY, {"address": f"{emulator}{path}", "init": request})
            assert result in {"refused", "opaque"}, (path, init)

    assert attempt.successes() == []
    assert "evil" not in {user["UserName"] for user in stack.client("iam").list_users()["Users"]}
    assert "evil-bucket" not in {bucket["Name"] for bucket in stack.client("s3").list_buckets()["Buckets"]}


@pytest.mark.parametrize("token_url", ["token_url", "second_token_url"])
def test_a_token_is_no_script_no_image_and_no_frame(attempt: Attempt, stack: Stack, token_url: str) -> None:
    address = f"{stack.described[token_url]}?sub=admin&scope=images:admin&alg=EdDSA"

    for tag in ("script", "img"):
        assert attempt.page.evaluate(LOAD, {"tag": tag, "address": address}) == "refused"
    assert "eyJ" not in attempt.page.evaluate(READ_FRAME, address)
    assert attempt.successes() == []
    for number in range(5):  # even a browser that would load it finds no script in it
        assert attempt.page.evaluate(PARSE, stack.token(f"person-{number}")) == "SyntaxError"


def test_going_to_the_token_or_posting_a_form_shows_none(attempt: Attempt, stack: Stack) -> None:
    home = attempt.page.url
    for action in (
        stack.described["token_url"],
        stack.described["second_token_url"],
        f"{stack.described['issuer']}/authorize",
    ):
        for method in ("get", "post"):
            attempt.page.goto(home)
            attempt.page.evaluate(
                """({action, method}) => {
                  const form = document.createElement("form");
                  Object.assign(form, {action, method});
                  document.body.append(form);
                  form.submit();
                }""",
                {"action": action, "method": method},
            )
            attempt.page.wait_for_url(f"{action}*")
            assert "eyJ" not in attempt.page.content()

    assert [answer for answer in attempt.successes() if "/token" in answer[2]] == []


def test_nobody_is_signed_in_by_being_sent_to_the_issuer(attempt: Attempt, stack: Stack) -> None:
    home = attempt.page.url
    addresses = stack.described
    for redirect in (home, addresses["console_url"]):
        address = (
            f"{addresses['issuer']}/authorize?response_type=code&client_id=console&redirect_uri={redirect}&state=s&"
            f"code_challenge={'a' * 43}&code_challenge_method=S256&as=admin"
        )
        attempt.page.goto(home)
        attempt.page.evaluate("(address) => { location.href = address; }", address)
        attempt.page.wait_for_url(f"{addresses['issuer']}/**")
        assert "code=" not in attempt.page.url.replace("code_challenge", "").replace("response_type=code", "")
        assert attempt.page.evaluate(READ_FRAME, address) in {"unreadable", ""}

    assert attempt.successes() == []


def test_neither_the_console_nor_the_sign_in_page_can_be_framed(attempt: Attempt, stack: Stack) -> None:
    addresses = stack.described
    for address in (
        addresses["console_url"],
        f"{addresses['api_url']}/docs",
        f"{addresses['issuer']}/authorize",
    ):
        assert attempt.page.evaluate(READ_FRAME, address) in {"unreadable", ""}

    # A frame of the issuer, of the same site, may come back to the console, whose policy lets no other show it.
    assert {address for _, _, address in attempt.successes()} <= {f"{addresses['api_url']}/"}


def test_a_name_that_was_rebound_to_this_machine_reaches_nothing(attempt: Attempt, stack: Stack) -> None:
    ports = sorted(listening_ports(stack))
    for port in ports:
        with suppress(Error):  # how the browser reports a refusal without a body
            attempt.page.goto(f"http://{EVIL}:{port}/")

    assert [status for status, _, address in attempt.answers if address.endswith("/")] == [421] * len(ports)


def test_no_websocket_opens(attempt: Attempt, stack: Stack) -> None:
    for port in sorted(listening_ports(stack)):
        state = attempt.page.evaluate(
            """(port) => new Promise((done) => {
              const socket = new WebSocket(`ws://localhost:${port}/`);
              socket.onopen = () => done("open");
              socket.onerror = () => done("refused");
            })""",
            port,
        )
        assert state == "refused"


def test_presigned_links_and_public_or_shared_images_work_on_any_page(attempt: Attempt, stack: Stack) -> None:
    with stack.http("shown-elsewhere") as http:
        image = upload(http, visibility="public")
        link = http.get(f"/v1/images/{image['id']}/content").headers["location"]
        share = http.post("/v1/shares", json={"all": True}).json()
    shared = f"{share['url_prefix']}/{image['id']}/w640"

    assert attempt.page.evaluate(LOAD, {"tag": "img", "address": link}) == "loaded"
    assert attempt.page.evaluate(TRY, {"address": link, "init": {}}) == "read 200"
    assert attempt.page.evaluate(LOAD, {"tag": "img", "address": image["public_url"]}) == "loaded"
    assert attempt.page.evaluate(LOAD, {"tag": "img", "address": shared}) == "loaded"
    assert attempt.page.evaluate(TRY, {"address": shared, "init": {}}) == "refused"


def test_programs_and_people_use_the_stack_as_before(stack: Stack) -> None:
    with urllib.request.urlopen(f"{stack.described['token_url']}?sub=bob", timeout=10) as answer:  # noqa: S310
        assert answer.read().count(b".") == 2
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{stack.described['s3_endpoint']}/_ministack/health", timeout=10)  # noqa: S310
