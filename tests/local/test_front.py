"""The front between a client and a small server in place of the emulator."""

import asyncio
import gzip
import io
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from local.__main__ import serving
from local.cdn import Cdn
from local.front import Front, function_url
from local.gateway_limits import MAX_ANSWER_BYTES, MIB
from local.routes import Routes
from local.throttle import Throttle

pytestmark = pytest.mark.loopback

PUBLIC = b"public picture"
OWN = "http://localhost:8080"
SECRET = {"x-local-front": "the secret of the front"}
ROUTES = Routes(
    ["GET /i/{link}", "GET /i/{link}/{preset}", "GET /v1/images/{id}", "POST /v1/images", "$default"]
)
ETAG = '"e1"'


class Presigner:
    """A fake boto3 client whose presigned URLs lead to the fake bucket."""

    def __init__(self, base: str) -> None:
        self._base = base

    def generate_presigned_url(self, _operation: str, *, Params: dict[str, str], ExpiresIn: int) -> str:  # noqa: N803
        assert ExpiresIn > 0
        return f"{self._base}/bucket/{Params['Bucket']}/{Params['Key']}?X-Amz-Signature=s"


BEGUN = web.AppKey("begun", asyncio.Event)
"""It is set when a slow request has arrived."""


async def api(request: web.Request) -> web.StreamResponse:
    """A fake API whose response depends on the path."""
    path = request.path.removeprefix("/api").removeprefix("/url")
    match path:
        case "/openai/crash":
            return web.json_response({"errorMessage": "secret detail"}, status=502)
        case "/openai/provider":
            headers = {"x-request-id": "r1"}
            return web.json_response({"error": {"code": "provider_failed"}}, status=502, headers=headers)
        case "/openai/slow":
            request.app[BEGUN].set()
            await asyncio.sleep(5)
        case "/crash":
            return web.json_response({"errorMessage": "secret detail"}, status=502)
        case "/problem":
            return web.json_response(
                {"code": "provider_failed"}, status=502, content_type="application/problem+json"
            )
        case "/slow":
            await asyncio.sleep(5)
        case "/mcp":
            request.app[BEGUN].set()
            await asyncio.sleep(0.5)
        case "/huge":
            return web.Response(body=bytes(MAX_ANSWER_BYTES + 1))
        case "/redirect":
            return web.Response(status=302, headers={"Location": "http://elsewhere.example/"})
    answer = web.json_response(
        {
            "target": request.raw_path,
            "method": request.method,
            "size": len(await request.read()),
            "headers": {name.lower(): value for name, value in request.headers.items()},
        }
    )
    answer.headers.add("Set-Cookie", "a=1")
    answer.headers.add("Set-Cookie", "b=2")
    return answer


async def bucket(request: web.Request) -> web.StreamResponse:
    """A fake public bucket with one object."""
    if request.match_info["key"] != "p/1/thumb.webp":
        return web.Response(status=403)
    if request.headers.get("If-None-Match") == ETAG:
        return web.Response(status=304, headers={"ETag": ETAG})
    headers = {"ETag": ETAG, "Cache-Control": "public, max-age=300", "x-amz-meta-owner": "alice"}
    if request.headers.get("Range") == "bytes=0-5":
        return web.Response(
            status=206, body=PUBLIC[:6], headers={**headers, "Content-Range": f"bytes 0-5/{len(PUBLIC)}"}
        )
    return web.Response(body=PUBLIC, headers=headers, content_type="image/webp")


@asynccontextmanager
async def front(
    *, timeout_seconds: float = 5, at_once: int = 8, waiting: int = 8, longest_wait_seconds: float = 5
) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    """Serve the front with fake API and bucket; the client uses the name ``localhost``."""
    behind = web.Application(client_max_size=100 * MIB)
    behind[BEGUN] = asyncio.Event()
    behind.router.add_route("*", "/bucket/pictures/{key:.*}", bucket)
    behind.router.add_route("*", "/api{path:.*}", api)
    behind.router.add_route("*", "/url{path:.*}", api)
    async with (
        TestServer(behind, host="127.0.0.1") as server,
        aiohttp.ClientSession(auto_decompress=False) as http,
    ):
        base = str(server.make_url("")).rstrip("/")
        served = Front(
            api_base=f"{base}/api",
            openai=function_url(f"{base}/url", Throttle(at_once=1, waiting=0)),
            cdn=Cdn(storage=Presigner(base), bucket="pictures", http=http),
            http=http,
            origins=frozenset({OWN}),
            routes=ROUTES,
            secret=SECRET,
            throttle=Throttle(at_once=at_once, waiting=waiting, longest_wait_seconds=longest_wait_seconds),
            timeout_seconds=timeout_seconds,
        )
        application = served.application()
        application[BEGUN] = behind[BEGUN]
        async with TestClient(TestServer(application, host="localhost")) as client:
            yield client


def through_front(
    ask: Callable[[TestClient[web.Request, web.Application]], Awaitable[Any]], **options: Any
) -> Any:
    """Run one client against the front."""

    async def conversation() -> Any:
        async with front(**options) as client:
            return await ask(client)

    return asyncio.run(conversation())


def test_path_query_method_and_body_arrive_unchanged() -> None:
    async def ask(client: TestClient[web.Request, web.Application]) -> Any:
        target = URL("/v1/images/a%2Fb%20c?tag=x&tag=%C3%BC&q=1+2", encoded=True)
        return await (await client.post(target, data=b"12345", headers={"Authorization": "Bearer t"})).json()

    received = through_front(ask)

    assert received["target"] == "/api/v1/images/a%2Fb%20c?tag=x&tag=%C3%BC&q=1+2"
    assert received["method"] == "POST"
    assert received["size"] == 5
    assert received["headers"]["authorization"] == "Bearer t"


def test_the_emulator_is_never_asked_to_decompress_a_body() -> None:
    async def ask(client: TestClient[web.Request, web.Application]) -> Any:
        body, headers = gzip.compress(bytes(1_000)), {"Content-Encoding": "gzip"}
        return await (await client.post("/v1/images", data=body, headers=headers)).json()

    assert "content-encoding" not in through_front(ask)["headers"]


@pytest.mark.parametrize("body", [b"no gzip at all", gzip.compress(bytes(1_000))], ids=["plain", "packed"])
def test_a_body_with_any_encoding_is_passed_on_unchanged(body: bytes) -> None:
    async def size(request: web.Request) -> web.Response:
        return web.json_response(len(await request.read()))

    async def conversation() -> Any:
        application = web.Application()
        application.router.add_post("/", size)
        with socket.create_server(("127.0.0.1", 0)) as listening:
            address = f"http://127.0.0.1:{listening.getsockname()[1]}/"
            async with serving(application, [listening]), aiohttp.ClientSession() as http:
                request = http.post(address, data=io.BytesIO(body), headers={"Content-Encoding": "gzip"})
                async with request as answer:
                    return await answer.json()

    assert asyncio.run(conversation()) == len(body)


def test_the_openai_endpoint_is_the_url_of_its_function() -> None:
    async def ask(client: TestClient[web.Request, web.Application]) -> Any:
        target = URL("/openai/v1/models/a%2Fb", encoded=True)
        received = await (await client.get(target, headers={"Authorization": "Bearer t"})).json()
        crash, provider = await client.get("/openai/crash"), await client.get("/openai/provider")
        return received, (crash.status, await crash.json()), (provider.status, await provider.json())

    received, crash, provider = through_front(ask)

    assert received["target"] == "/url/openai/v1/models/a%2Fb"
    assert received["headers"]["authorization"] == "Bearer t"
    assert crash == (502, {"message": "Internal Server Error"})
    assert provider == (502, {"error": {"code": "provider_failed"}})


def test_the_openai_endpoint_waits_longer_than_the_api_and_takes_no_place_of_it() -> None:
    async def ask(client: TestClient[web.Request, web.Application]) -> Any:
        slow = asyncio.create_task(client.post("/openai/slow"))
        await client.app[BEGUN].wait()
        beside, too_many = await client.get("/v1/images"), await client.post("/openai/slow")
        return (await slow).status, beside.status, too_many.status

    assert through_front(ask, timeout_seconds=4, at_once=1, waiting=0) == (200, 200, 429)


def test_repeated_response_headers_all_arrive() -> None:
    async def ask(client: TestClient[web.Request, web.Application]) -> Any:
        return (await client.get("/v1/images")).headers.getall("Set-Cookie")

    assert through_front(ask) == ["a=1", "b=2"]


def test_a_redirect_is_left_to_the_client() -> None:
    async def ask(client: TestClient[web.Request, web.Application]) -> Any:
        answer = await client.get("/redirect", allow_redirects=False)
        return answer.status, answer.headers["Location"]

    assert through_front(ask) == (302, "http://elsewhere.example/")


@pytest.mark.parametrize(("size", "chunked"), [(5 * MIB, False), (11 * MIB, False), (11 * MIB, True)])
def test_a_picture_too_large_for_the_gateway_gets_its_413(size: int, chunked: bool) -> None:
    async def ask(client: TestClient[web.Request, web.Application]) -> Any:
        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(size // MIB):
                yield bytes(MIB)

        body = pieces() if chunked else io.BytesIO(bytes(size))
        answer = await client.post("/v1/images", data=body, headers={"Content-Type": "image/png"})
        return answer.status, await answer.json()

    assert through_front(ask) == (413, {"message": "Request Entity Too Large"})


@pytest.mark.parametrize("path", ["/crash", "/huge"])
def test_a_failing_handler_answers_500_without_details(path: str) -> None:
    async def ask(client: TestClient[web.Request, web.Application]) -> Any:
        answer = await client.get(path)
        return answer.status, await answer.json()

    assert through_front(ask) == (500, {"message": "Internal Server Error"})


def test_a_502_of_a_function_stays_a_502() -> None:
    async def ask(client: TestClient[web.Request, web.Application]) -> Any:
        answer = await client.get("/problem")
        return answer.status, answer.content_type

    assert through_front(ask) == (502, "application/problem+json")


def test_a_response_that_takes_too_long_is_a_503() -> None:
    async def ask(client: TestClient[web.Request, web.Application]) -> Any:
        answer = await client.get("/slow")
        return answer.status, await answer.json()

    assert through_front(ask, timeout_seconds=0.2) == (503, {"message": "Service Unavailable"})


def test_a_foreign_host_name_is_refused() -> None:
    async def ask(client: TestClient[web.Request, web.Application]) -> Any:
        return (await client.get("/v1/images", headers={"Host": "evil.example"})).status

    assert through_front(ask) == 421


def test_the_cdn_serves_a_public_object_without_its_storage_headers() -> None:
    async def ask(client: TestClient[web.Request, web.Application]) -> Any:
        answer = await client.get("/cdn/p/1/thumb.webp")
        return await answer.read(), answer.content_type, answer.headers

    body, kind, headers = through_front(ask)

    assert (body, kind) == (PUBLIC, "image/webp")
    assert headers["Cache-Control"] == "public, max-age=300"
    assert headers["ETag"] == ETAG
    assert not [name for name in headers if name.lower().startswith("x-amz")]


def test_the_cdn_answers_head_range_and_conditional_requests() -> None:
    async def ask(client: TestClient[web.Request, web.Application]) -> Any:
        head = await client.head("/cdn/p/1/thumb.webp")
        part = await client.get("/cdn/p/1/thumb.webp", headers={"Range": "bytes=0-5"})
        known = await client.get("/cdn/p/1/thumb.webp", headers={"If-None-Match": ETAG})
        return head.headers["Content-Length"], (part.status, await part.read()), known.status

    assert through_front(ask) == (str(len(PUBLIC)), (206, PUBLIC[:6]), 304)


@pytest.mark.parametrize("path", ["/cdn/", "/cdn/p/", "/cdn/p/1/", "/cdn/p/2/thumb.webp"])
def test_the_cdn_lists_nothing_and_answers_404_for_missing_objects(path: str) -> None:
    async def ask(client: TestClient[web.Request, web.Application]) -> Any:
        return (await client.get(path)).status

    assert through_front(ask) == 404


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_the_cdn_refuses_writes(method: str) -> None:
    async def ask(client: TestClient[web.Request, web.Application]) -> Any:
        return (await client.request(method, "/cdn/p/1/thumb.webp", data=b"x")).status

    assert through_front(ask) == 405


def status_and_headers(method: str, path: str, headers: dict[str, str], **options: Any) -> tuple[int, Any]:
    """Send one request to the front."""

    async def ask(client: TestClient[web.Request, web.Application]) -> Any:
        answer = await client.request(method, path, headers=headers)
        return answer.status, answer.headers

    status_with_headers: tuple[int, Any] = through_front(ask, **options)
    return status_with_headers


def test_the_emulator_gets_the_secret_of_the_front_and_never_one_of_a_client() -> None:
    async def ask(client: TestClient[web.Request, web.Application]) -> Any:
        return await (await client.get("/v1/images", headers={"X-Local-Front": "mine"})).json()

    assert through_front(ask)["headers"]["x-local-front"] == SECRET["x-local-front"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://localhost:1"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
def test_a_page_of_another_origin_is_refused_without_cors(method: str, headers: dict[str, str]) -> None:
    status, response_headers = status_and_headers(method, "/v1/images", headers)

    assert status == 403
    assert "Access-Control-Allow-Origin" not in response_headers
    assert response_headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_the_log_says_why_a_page_is_refused_and_shows_its_origin_safely(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level("WARNING", logger="front"):
        for origin in ("http://localhost:5173", "\x9b31m\xe4" + "x" * 1_000):
            status_and_headers("OPTIONS", "/v1/images", {"Origin": origin})

    plain, odd = (record.getMessage() for record in caplog.records)
    assert plain == "The origin 'http://localhost:5173' is not in AllowedOrigins"
    assert odd.isascii()
    assert odd.isprintable()
    assert len(odd) < 600


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/v1/images", {"Origin": OWN, "Sec-Fetch-Site": "same-origin"}),
        ("/v1/images", {"Sec-Fetch-Site": "none"}),
        ("/v1/images", {}),
        ("/", {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}),
        ("/", {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}),
        ("/i/link", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}),
    ],
    ids=str,
)
def test_the_console_programs_links_and_public_images_pass(path: str, headers: dict[str, str]) -> None:
    assert status_and_headers("GET", path, headers)[0] == 200


def test_a_public_file_may_be_read_by_the_pages_that_the_bucket_names() -> None:
    status, headers = status_and_headers("GET", "/cdn/p/1/thumb.webp", {"Origin": "http://localhost:1"})

    assert status == 200
    assert headers["Vary"] == "Origin"


def test_a_refusal_of_the_gateway_itself_has_no_cors_headers_as_on_aws() -> None:
    async def ask(client: TestClient[web.Request, web.Application]) -> Any:
        headers = {"Content-Type": "image/png", "Origin": OWN}
        answer = await client.post("/v1/images", data=io.BytesIO(bytes(5 * MIB)), headers=headers)
        return answer.status, [name for name in answer.headers if name.startswith("Access-Control")]

    assert through_front(ask) == (413, [])


def test_the_log_names_the_route_and_no_part_of_the_path(caplog: pytest.LogCaptureFixture) -> None:
    async def ask(client: TestClient[web.Request, web.Application]) -> Any:
        for path in (
            "/i/secret-link",
            "/i/secret-link/thumb",
            "/v1/images/secret-id",
            "/cdn/p/secret/thumb.webp",
            "/openai/v1/models/secret",
        ):
            await client.get(f"{path}?X-Amz-Signature=secret")
        await client.put("/cdn/p/secret/thumb.webp")

    with caplog.at_level("INFO", logger="front"):
        through_front(ask)

    lines = [record.getMessage().rpartition(" ms")[0].rpartition(" ")[0] for record in caplog.records]
    assert lines == [
        "GET /i/{link} 200",
        "GET /i/{link}/{preset} 200",
        "GET /v1/images/{id} 200",
        "GET /cdn/{path+} 404",
        "GET /openai/{path+} 200",
        "PUT /cdn/{path+} 405",
    ]
    assert "secret" not in caplog.text


def test_excess_requests_wait_and_a_full_line_gets_429() -> None:
    async def ask(client: TestClient[web.Request, web.Application]) -> Any:
        answers = await asyncio.gather(*(client.get("/slow") for _ in range(4)))
        too_many = [answer for answer in answers if answer.status == 429]
        return [answer.status for answer in answers], [
            (answer.headers["Retry-After"], await answer.json()) for answer in too_many
        ]

    statuses, refused = through_front(ask, at_once=1, waiting=2, timeout_seconds=1)

    assert sorted(statuses) == [429, 503, 503, 503]
    assert refused == [("2", {"message": "Too Many Requests"})]


def test_a_request_that_waits_for_another_one_leaves_it_a_place() -> None:
    """The tools for AI clients send requests to the API while their caller waits."""

    async def ask(client: TestClient[web.Request, web.Application]) -> list[int]:
        outer = asyncio.create_task(client.post("/mcp"))
        await client.app[BEGUN].wait()
        return [(await client.get("/v1/images/x")).status, (await outer).status]

    assert through_front(ask, at_once=1, waiting=0) == [200, 200]


def test_a_request_that_waits_too_long_gets_429() -> None:
    async def ask(client: TestClient[web.Request, web.Application]) -> Any:
        answers = await asyncio.gather(client.get("/slow"), client.get("/slow"))
        return sorted(answer.status for answer in answers)

    options = {"at_once": 1, "timeout_seconds": 2, "longest_wait_seconds": 0.1}
    assert through_front(ask, **options) == [429, 503]
