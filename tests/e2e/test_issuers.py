"""Tokens of several issuers on the running stack: every algorithm, new keys, and an issuer that is down."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from image_store.adapters.tokens.key_sets import FAILURE_PAUSE, UNKNOWN_KEY_PAUSE
from local.issuer import Issuer
from local.issuer_keys import ALGORITHMS, new_key
from tests.e2e.environment import changed_environment, function_name
from tests.e2e.test_images import upload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.conftest import Stack

POLL_SECONDS = 2


class OtherIssuer:
    """An issuer on a port of this machine, which tests take down and give other keys."""

    def __init__(self) -> None:
        self.is_down = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://localhost:{self._server.server_port}"
        self.replace_key()

    def replace_key(self) -> None:
        """Sign with a new key from now on, and publish no other."""
        self.issuer = Issuer(
            url=self.url, keys=[new_key("ES256")], audience="other", now=lambda: datetime.now(UTC)
        )

    def token(self) -> str:
        """A token that no cache knows."""
        return self.issuer.token(subject="carol", algorithm="ES256")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        other = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer = other.issuer
                is_discovery = self.path.endswith("openid-configuration")
                body = json.dumps(issuer.configuration() if is_discovery else issuer.keys()).encode()
                self.send_response(503 if other.is_down else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Stay silent."""

        return Handler

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Answer requests inside the block."""
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


@pytest.fixture
def other_issuer(stack: Stack) -> Iterator[OtherIssuer]:
    """One more issuer that the stack trusts, beside those that it has."""
    issuer = OtherIssuer()
    configuration = stack.client("lambda").get_function_configuration(
        FunctionName=function_name(stack, "authorize")
    )
    issuers = json.loads(configuration["Environment"]["Variables"]["ISSUERS"])
    issuers.append({"issuer": issuer.url, "audiences": ["other"], "subject_prefix": "other:"})
    with issuer.serving(), changed_environment(stack, "authorize", ISSUERS=json.dumps(issuers)):
        yield issuer


def answer_to(stack: Stack, token: str) -> tuple[int, str]:
    """Status and code of the answer to a token."""
    with stack.http(None) as http:
        answer = http.get("/v1/images", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code, answer.json().get("code", "")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_of_each_algorithm_names_the_same_owner(stack: Stack, algorithm: str) -> None:
    with stack.http("algorithms") as http:
        image = upload(http)
        http.headers["Authorization"] = f"Bearer {stack.token('algorithms', algorithm=algorithm)}"

        assert http.get(f"/v1/images/{image['id']}").status_code == 200


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_subject_of_the_second_issuer_is_an_owner_of_its_own(stack: Stack, algorithm: str) -> None:
    with stack.http("twice") as http:
        image = upload(http)
        own = f"Bearer {stack.token('twice', algorithm=algorithm, issuer='second_')}"

        foreign = http.get(f"/v1/images/{image['id']}", headers={"Authorization": own})
        stored = http.get("/v1/images", headers={"Authorization": own})

    assert (foreign.status_code, stored.status_code) == (404, 200)
    assert image["id"] not in {each["id"] for each in stored.json()["items"]}


def test_no_subject_of_the_first_issuer_is_an_owner_of_the_second(stack: Stack) -> None:
    assert answer_to(stack, stack.token("second:alice")) == (401, "invalid_token")


def test_an_issuer_that_is_down_affects_its_own_tokens_alone_and_for_seconds(
    stack: Stack, other_issuer: OtherIssuer
) -> None:
    other_issuer.is_down = True

    assert answer_to(stack, other_issuer.token()) == (503, "issuer_unavailable")
    for issuer in ("", "second_"):
        assert answer_to(stack, stack.token("unaffected", issuer=issuer)) == (200, "")

    other_issuer.is_down = False
    time.sleep(FAILURE_PAUSE.total_seconds())
    assert answer_to(stack, other_issuer.token()) == (200, "")


def test_known_keys_work_while_their_issuer_is_down_and_new_keys_within_a_minute(
    stack: Stack, other_issuer: OtherIssuer
) -> None:
    assert answer_to(stack, other_issuer.token()) == (200, "")
    other_issuer.is_down = True
    assert answer_to(stack, other_issuer.token()) == (200, "")
    other_issuer.is_down = False

    other_issuer.replace_key()
    begun = time.monotonic()
    while (answer := answer_to(stack, other_issuer.token())) != (200, ""):
        assert answer == (401, "invalid_token")
        assert time.monotonic() - begun < UNKNOWN_KEY_PAUSE.total_seconds() + 10 * POLL_SECONDS
        time.sleep(POLL_SECONDS)
