"""Which requests reach the emulator."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.inside_emulator.gate import CHECKPOINT_PATH, Gate, whole_body

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableMapping

PASSED_ON = 200
ROOT = ("AKIAROOTROOTROOTROOT", "root-secret")
FRONT = {"x-local-front": "front-secret"}
EVERYBODY = [(b"Access-Control-Allow-Origin", b"*"), (b"content-type", b"text/plain")]


class Emulator:
    """Answers 200 with CORS headers to every request, and counts saves."""

    def __init__(self) -> None:
        self.saves = 0
        self.answer = PASSED_ON
        self.fault: str | None = None
        self.fault_while_serving: str | None = None
        self.seen: list[tuple[str, dict[bytes, bytes], bytes]] = []
        self.answered: dict[bytes, bytes] = {}

    def save(self) -> None:
        self.saves += 1

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = (await receive()).get("body", b"") if scope["method"] != "OPTIONS" else b""
        self.seen.append((scope["path"], dict(scope["headers"]), body))
        self.fault = self.fault_while_serving or self.fault
        await send({"type": "http.response.start", "status": self.answer, "headers": EVERYBODY})
        await send({"type": "http.response.body", "body": b"done"})

    def status(
        self,
        method: str,
        target: str,
        headers: dict[str, str] | None = None,
        *,
        body: bytes = b"",
        kind: str = "http",
    ) -> int:
        """Send one request through the gate and return its status; a closed WebSocket counts as 403."""
        messages: list[MutableMapping[str, Any]] = []
        received: Iterator[MutableMapping[str, Any]] = iter(
            [{"type": "http.request", "body": body}, {"type": "http.disconnect"}]
        )

        async def receive() -> MutableMapping[str, Any]:
            return next(received)

        async def send(message: MutableMapping[str, Any]) -> None:
            messages.append(message)

        path, _, query = target.partition("?")
        all_headers = {
            "host": "localhost:18080",
            **{name.lower(): value for name, value in (headers or {}).items()},
        }
        scope = {
            "type": kind,
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in all_headers.items()],
        }
        gate = Gate(
            self,
            save=self.save,
            front_secret="front-secret",
            secret_of=lambda key, token: ROOT[1] if (key, token) == (ROOT[0], "") else None,
            fault=lambda: self.fault,
            is_bucket=lambda _, path: path.startswith("/bucket/"),
        )
        asyncio.run(gate(scope, receive, send))
        if messages[0]["type"] == "websocket.close":
            return 403
        self.answered = {name.lower(): value for name, value in messages[0]["headers"]}
        status: int = messages[0]["status"]
        return status


@pytest.fixture
def emulator() -> Emulator:
    return Emulator()


def header_signed(
    method: str, path: str, *, service: str = "s3", body: bytes = b"", target: str = ""
) -> dict[str, str]:
    """Return the headers of a request that the root signs."""
    request = AWSRequest(
        method,
        f"http://localhost:18080{path}",
        headers={"Host": "localhost:18080", **({"X-Amz-Target": target} if target else {})},
        data=body,
    )
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    signer(Credentials(*ROOT), service, "us-east-1").add_auth(request)
    return {
        name: value if isinstance(value, str) else value.decode() for name, value in request.headers.items()
    }


def link(method: str = "GET", path: str = "/bucket/key", service: str = "s3") -> str:
    """Return the target of a presigned link."""
    request = AWSRequest(method, f"http://localhost:18080{path}", headers={"Host": "localhost:18080"})
    signer = S3SigV4QueryAuth if service == "s3" else SigV4QueryAuth
    signer(Credentials(*ROOT), service, "us-east-1", expires=60).add_auth(request)
    return str(request.url).removeprefix("http://localhost:18080")


def test_a_signed_request_passes_with_its_body_and_without_cors(emulator: Emulator) -> None:
    headers = header_signed("PUT", "/bucket/key", body=b"bytes")

    assert emulator.status("PUT", "/bucket/key", headers, body=b"bytes") == PASSED_ON
    assert emulator.seen[0][2] == b"bytes"
    assert b"access-control-allow-origin" not in emulator.answered
    assert emulator.answered[b"cross-origin-resource-policy"] == b"same-origin"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/bucket/key",
        "/health",
        "/_ministack/health",
        "/_localstack/health",
        "/_aws/execute-api/a/b",
        CHECKPOINT_PATH,
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"])
def test_an_unsigned_request_is_refused(emulator: Emulator, method: str, path: str) -> None:
    assert emulator.status(method, path) == 403
    assert emulator.seen == []


@pytest.mark.parametrize(
    "path", ["/_ministack/reset", "/_ministack/config", "/%5Fministack/reset", CHECKPOINT_PATH]
)
def test_no_request_reaches_the_control_paths_signed_or_not(emulator: Emulator, path: str) -> None:
    assert emulator.status("POST", path, header_signed("POST", path)) == 403
    assert emulator.status("POST", path, FRONT) in {204, 403}
    assert emulator.seen == []


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io:18080", "", "localhost:x"]
)
def test_a_foreign_host_name_is_refused(emulator: Emulator, host: str) -> None:
    assert emulator.status("GET", "/bucket/key", {"Host": host, **FRONT}) == 421


@pytest.mark.parametrize(
    "from_page",
    [
        {"Origin": "http://localhost:8080"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "same-origin"},
    ],
    ids=str,
)
def test_a_page_may_only_follow_links_of_buckets(emulator: Emulator, from_page: dict[str, str]) -> None:
    signed = header_signed("GET", "/bucket/key")

    assert emulator.status("GET", "/bucket/key", signed | from_page) == 403
    assert emulator.status("GET", link(service="dynamodb"), from_page) == 403
    assert emulator.status("GET", link().replace("Signature=", "Signature=0"), from_page) in {400, 403}
    assert emulator.seen == []
    assert emulator.status("GET", link(), from_page) == PASSED_ON
    assert emulator.answered[b"access-control-allow-origin"] == b"*"
    assert emulator.answered[b"vary"] == b"Origin"


def test_the_body_of_a_forged_link_is_not_read(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body may have any length, and any page may send it."""
    read: list[bool] = []

    async def noting(receive: Any) -> bytes | None:
        read.append(True)
        return await whole_body(receive)

    monkeypatch.setattr("local.inside_emulator.gate.whole_body", noting)
    page = {"Origin": "https://evil.example"}
    forged = link("POST").partition("X-Amz-Signature=")[0] + "X-Amz-Signature=" + "0" * 64

    assert emulator.status("POST", forged, page, body=b"x" * 1000) == 403
    assert read == []
    assert emulator.status("POST", link("POST"), page, body=b"bytes") == PASSED_ON
    assert read == [True]


def test_a_link_is_valid_only_for_its_method(emulator: Emulator) -> None:
    assert emulator.status("PUT", link()) == 403
    assert emulator.status("PUT", link("PUT"), body=b"anything") == PASSED_ON


def test_only_the_bucket_of_a_link_answers_a_preflight(emulator: Emulator) -> None:
    page = {"Origin": "http://localhost:8080", "Access-Control-Request-Method": "PUT"}

    assert emulator.status("OPTIONS", link("PUT"), page) == PASSED_ON
    assert emulator.status("OPTIONS", link("PUT", "/"), page) == 403
    assert emulator.status("OPTIONS", link("POST", service="dynamodb"), page) == 403
    assert emulator.status("OPTIONS", "/bucket/key", page) == 403
    assert len(emulator.seen) == 1


def test_the_front_can_call_functions_which_do_not_see_its_secret(emulator: Emulator) -> None:
    assert emulator.status("GET", "/_aws/execute-api/a/$default/v1", FRONT) == PASSED_ON
    assert emulator.status("GET", "/_aws/lambda-url/a/v1", FRONT) == PASSED_ON
    assert emulator.status("GET", "/bucket/key", FRONT) == 403
    assert emulator.status("GET", "/_aws/execute-api/a/$default/v1", {"x-local-front": "another"}) == 403
    assert all(b"x-local-front" not in headers for _, headers, _ in emulator.seen)


def test_a_websocket_is_closed(emulator: Emulator) -> None:
    assert emulator.status("GET", "/_aws/execute-api/a/b", FRONT, kind="websocket") == 403
    assert emulator.seen == []


def test_a_checkpoint_saves_and_says_whether_that_worked(emulator: Emulator) -> None:
    assert emulator.status("POST", CHECKPOINT_PATH, FRONT) == 204
    emulator.fault = "No space left on device"
    assert emulator.status("POST", CHECKPOINT_PATH, FRONT) == 503
    assert emulator.saves == 2


def test_while_saving_fails_writes_get_503_and_reads_succeed(emulator: Emulator) -> None:
    emulator.fault = "No space left on device"
    api, rows = "/_aws/execute-api/a/$default/v1/images", "DynamoDB_20120810."
    put_headers = header_signed("POST", "/", service="dynamodb", target=f"{rows}PutItem")
    get = header_signed("POST", "/", service="dynamodb", target=f"{rows}GetItem")

    assert emulator.status("POST", api, FRONT) == 503
    assert emulator.answered[b"retry-after"] == b"2"
    assert emulator.status("PUT", link("PUT")) == 503
    assert emulator.status("DELETE", "/bucket/key", header_signed("DELETE", "/bucket/key")) == 503
    assert emulator.status("POST", "/", put_headers) == 503
    assert emulator.seen == []
    assert emulator.status("GET", api, FRONT) == PASSED_ON
    assert emulator.status("GET", link()) == PASSED_ON
    assert emulator.status("POST", "/", get) == PASSED_ON


def test_a_write_to_a_full_disk_is_not_reported_as_success(emulator: Emulator) -> None:
    emulator.fault_while_serving = "No space left on device"

    assert emulator.status("PUT", link("PUT"), body=b"bytes") == 503


def test_a_function_that_cannot_start_on_a_full_disk_gives_503(
    emulator: Emulator,
) -> None:
    emulator.answer, emulator.fault = 502, "No space left on device"
    api = "/_aws/execute-api/a/$default/v1/images"

    assert emulator.status("GET", api, FRONT) == 503
    emulator.fault = None
    assert emulator.status("GET", api, FRONT) == 502
