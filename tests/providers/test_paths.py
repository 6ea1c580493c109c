"""What is put into the path of an address stays one segment of it, whoever reads the address."""

from collections.abc import Iterator
from posixpath import normpath
from urllib.parse import unquote, urlsplit

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from urllib3.util import parse_url

from image_store.adapters.providers.paths import segment
from image_store.domain.generation.providers import Provider, ProviderFailure, ProviderKey
from tests.providers.scripted import ScriptedServer, scripted_server
from tests.providers.test_providers import ANSWERS, generate, request_to

pytestmark = pytest.mark.loopback

PROMPTS = [
    "..", ".", "../../admin", "..\\..\\admin", "%2e%2e", "%2E%2E/%2e", "a/../../b", "/", "//host/x", "?key=1", "#x",
    "%", "%00", "a\0b", "a\r\nHost: x", "\t", "%2F..%2F", "..;/x", "a?b#c", "\ud800", "…", "..?x",
]  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as script:
        yield script


def readings_of(url: str) -> list[str]:
    """The path of an address as several readers normalize it."""
    path = urlsplit(url).path
    once, twice = unquote(path), unquote(unquote(path))
    return [
        normpath(path),
        parse_url(url).path or "",
        httpx.URL(url).raw_path.decode().partition("?")[0],
        normpath(once),
        normpath(twice.replace("\\", "/")),
    ]


def assert_stays(url: str) -> None:
    assert all(f"{path}/".startswith("/a/image/") for path in readings_of(url)), readings_of(url)
    assert urlsplit(url).path.count("/") == 3
    assert not any(char in url for char in "\0\r\n\t ")


@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_prompt_cannot_leave_its_place_in_the_path(prompt: str) -> None:
    assert_stays(f"https://host.example/a/image/{segment(prompt)}?x=1")


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("./\\%2eEfF5cC?#\0\r\n ab;:@"), min_size=1, max_size=12))
def test_no_text_can_leave_its_place_in_the_path(prompt: str) -> None:
    assert_stays(f"https://host.example/a/image/{segment(prompt)}?x=1")


@pytest.mark.parametrize("prompt", PROMPTS)
def test_the_request_to_pollinations_has_its_path_whatever_the_prompt(
    server: ScriptedServer, prompt: str
) -> None:
    server.requests.clear()
    server.response = ANSWERS[Provider.POLLINATIONS]

    generate(server, Provider.POLLINATIONS, prompt=prompt)

    path, _, query = server.requests[0].path.partition("?")
    assert path.startswith("/image/")
    assert path.count("/") == 2
    assert query.startswith("model=flux&width=1024")
    assert unquote(path.removeprefix("/image/")) not in {"", ".", ".."}


def test_a_prompt_of_usual_characters_arrives_as_it_is() -> None:
    assert unquote(segment("A cat. A dog... 100 % / ünï?")) == "A cat. A dog... 100 % / ünï?"


@pytest.mark.parametrize("model", ["..", "@cf/../../accounts/x", "a?b#c", "@cf/a/.."])
def test_a_model_cannot_leave_its_place_in_the_path_of_cloudflare(server: ScriptedServer, model: str) -> None:
    server.requests.clear()
    server.response = ANSWERS[Provider.CLOUDFLARE]

    generate(server, Provider.CLOUDFLARE, model=model)

    path = server.requests[0].path
    assert "?" not in path
    assert not {"", ".", ".."} & set(unquote(path).split("/")[1:])


@pytest.mark.parametrize("account", ["..", "a/b", "a?b", "", "a%2e", "a\n"])
def test_an_invalid_account_is_not_put_into_a_path(server: ScriptedServer, account: str) -> None:
    from datetime import UTC, datetime, timedelta

    from image_store.adapters.providers import image_providers
    from image_store.adapters.system import SystemClock
    from tests.fakes.fetcher import MemoryFetcher

    server.requests.clear()
    urls = {Provider.CLOUDFLARE: server.address}
    module = image_providers(urls, clock=SystemClock(), fetcher=lambda: MemoryFetcher({}))[
        Provider.CLOUDFLARE
    ]

    with pytest.raises(ProviderFailure):
        module.generate(
            request_to(Provider.CLOUDFLARE),
            key=ProviderKey("secret", account),
            until=datetime.now(UTC) + timedelta(seconds=5),
        )

    assert server.requests == []
