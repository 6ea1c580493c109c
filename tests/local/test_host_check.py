"""Which host names the stack serves."""

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from local.host_check import localhost_only, refusal_of_host
from local.inside_emulator.gate import is_local


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "LOCALHOST:1"])
def test_localhost_is_served(host: str) -> None:
    assert refusal_of_host(host) is None


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1:8080", "localhost:x", "[::1]:80"]
)
def test_any_other_name_is_misdirected(host: str) -> None:
    assert refusal_of_host(host) == 421


def test_the_response_to_another_name_has_the_correct_address_and_port() -> None:
    async def misdirected() -> tuple[int, str, int]:
        server = TestServer(web.Application(middlewares=[localhost_only]), host="localhost")
        async with (
            TestClient(server) as client,
            client.get("/", headers={"Host": "evil.example"}) as response,
        ):
            return response.status, (await response.json())["message"], server.port or 0

    status, message, port = asyncio.run(misdirected())

    assert (status, message) == (421, f"Use the address http://localhost:{port}")


@pytest.mark.parametrize("host", [None, ""])
def test_a_request_without_a_host_gets_400(host: str | None) -> None:
    assert refusal_of_host(host) == 400


@pytest.mark.parametrize(
    "host", ["localhost:18080", "127.0.0.1:18080", "bucket.localhost:18080", "localhost"]
)
def test_the_emulator_serves_names_of_this_machine(host: str) -> None:
    assert is_local(host)


@pytest.mark.parametrize("host", ["", "evil.example:18080", "localhost.evil.example", "notlocalhost"])
def test_the_emulator_serves_no_other_name(host: str) -> None:
    assert not is_local(host)
