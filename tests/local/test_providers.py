"""The server that plays the providers of images, and the choice between it and the real ones."""

import io
import json
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from PIL import Image

from image_store.adapters.providers import image_providers
from image_store.adapters.system import SystemClock
from image_store.domain.generation.catalogue import models_of
from image_store.domain.generation.providers import (
    ImageRequest,
    Provider,
    ProviderFailure,
    ProviderKey,
    ProviderPicture,
    Reason,
)
from local.problems import CannotRun
from local.provider_access import LOCAL_ORDER, PATHS, provider_access
from local.providers import STAND_INS
from local.providers.drawings import draw
from local.providers.google import STAND_IN as GOOGLE
from local.providers.stand_in import KEY
from tests.fakes.fetcher import MemoryFetcher
from tests.providers.stand_ins import stand_in_server

pytestmark = pytest.mark.loopback


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a server that draws at once."""
    with stand_in_server() as address:
        yield address


def generate(
    server: str, provider: Provider, prompt: str, *, key: str = KEY, seed: int = 1, **more: Any
) -> ProviderPicture:
    """Have the shipped module ask the server."""
    module = image_providers(
        {provider: server + PATHS[provider]}, clock=SystemClock(), fetcher=lambda: MemoryFetcher({})
    )[provider]
    model = models_of(provider)[0]
    request = ImageRequest(
        model=model.name,
        prompt=prompt,
        width=1024,
        height=1024,
        seed=seed if model.takes_seeds else None,
        **more,
    )
    until = datetime.now(UTC) + timedelta(seconds=20)
    return module.generate(request, key=ProviderKey(key, "local"), until=until)


@pytest.mark.parametrize("provider", Provider)
def test_each_provider_draws_a_real_picture(server: str, provider: Provider) -> None:
    generated = generate(server, provider, "A lighthouse, drawn")

    with Image.open(io.BytesIO(generated.data)) as picture:
        assert picture.size == (1024, 1024)
        assert picture.format == models_of(provider)[0].output_formats[0].upper()


@pytest.mark.parametrize("output_format", ["png", "webp"])
def test_openai_draws_transparent_backgrounds(server: str, output_format: str) -> None:
    generated = generate(
        server, Provider.OPENAI, "A lighthouse", background="transparent", output_format=output_format
    )

    with Image.open(io.BytesIO(generated.data)) as picture:
        assert picture.format == output_format.upper()
        assert picture.getchannel("A").histogram()[0] > 0


def test_openai_draws_an_opaque_jpeg(server: str) -> None:
    generated = generate(server, Provider.OPENAI, "A lighthouse", background="opaque", output_format="jpeg")

    with Image.open(io.BytesIO(generated.data)) as picture:
        assert (picture.format, picture.mode) == ("JPEG", "RGB")


@pytest.mark.parametrize("mode", sorted(GOOGLE.failures))
@pytest.mark.parametrize("provider", Provider)
def test_each_provider_fails_as_the_prompt_says(server: str, provider: Provider, mode: str) -> None:
    with pytest.raises(ProviderFailure) as failed:
        generate(server, provider, f"A cat [[{mode}@{provider}]]")

    assert failed.value.reason == mode


def test_all_providers_know_the_same_failures() -> None:
    assert {stand_in.name for stand_in in STAND_INS} == set(Provider)
    assert all(stand_in.failures.keys() == GOOGLE.failures.keys() for stand_in in STAND_INS)


@pytest.mark.parametrize("mode", ["dead", "truncated"])
@pytest.mark.parametrize("provider", Provider)
def test_each_provider_can_be_dead_or_break_off(server: str, provider: Provider, mode: str) -> None:
    with pytest.raises(ProviderFailure) as failed:
        generate(server, provider, f"A cat [[{mode}]]")

    assert failed.value.reason in {Reason.CONNECTION, Reason.BAD_ANSWER}


@pytest.mark.parametrize("provider", [Provider.GOOGLE, Provider.OPENAI, Provider.POLLINATIONS])
def test_a_picture_can_come_beside_an_odd_usage(server: str, provider: Provider) -> None:
    picture = generate(server, provider, "A cat [[odd]]")

    assert picture.data
    assert (picture.usage, picture.usage_is_readable) == (None, False)


def test_a_picture_can_be_behind_a_link(server: str) -> None:
    with Image.open(io.BytesIO(generate(server, Provider.OPENAI, "A cat [[link]]").data)) as picture:
        assert picture.size == (1024, 1024)


@pytest.mark.parametrize("prompt", [".", "..", "../../cloudflare/x", "a/../b"])
def test_a_prompt_of_dots_is_drawn_by_pollinations(server: str, prompt: str) -> None:
    assert generate(server, Provider.POLLINATIONS, prompt).data


def test_a_failure_can_apply_to_another_provider_or_a_number_of_times(server: str) -> None:
    assert generate(server, Provider.OPENAI, "A dog [[dead@google]]").data
    with pytest.raises(ProviderFailure):
        generate(server, Provider.OPENAI, "A dog [[unavailable*1]]")

    assert generate(server, Provider.OPENAI, "A dog [[unavailable*1]]").data


@pytest.mark.parametrize("provider", Provider)
def test_any_key_but_the_local_one_is_refused(server: str, provider: Provider) -> None:
    with pytest.raises(ProviderFailure) as failed:
        generate(server, provider, "A cat", key="another")

    assert failed.value.reason is Reason.BAD_KEY


def test_a_picture_depends_on_prompt_and_seed_alone() -> None:
    def picture(prompt: str, seed: int) -> bytes:
        return draw(prompt, seed=seed, width=64, height=48, media_format="PNG")

    assert picture("A cat", 1) == picture("A cat", 1)
    assert len({picture("A cat", 1), picture("A cat", 2), picture("A dog", 1)}) == 3


# Which providers ----------------------------------------------------------------------------------------

Access = Callable[..., Awaitable[None]]


def test_without_keys_stand_ins_replace_all_providers() -> None:
    access = provider_access({}, server="http://localhost:1")

    assert access.is_local
    assert access.order == LOCAL_ORDER
    assert set(access.urls) == set(LOCAL_ORDER) == set(Provider)
    assert all(url.startswith("http://localhost:1/") for url in access.urls.values())
    assert set(access.keys.values()) == {KEY, "local"}


def test_with_a_key_the_real_provider_is_used_and_no_stand_in() -> None:
    access = provider_access(
        {"OPENAI_API_KEY": "o", "GOOGLE_API_KEY": "g", "CLOUDFLARE_API_TOKEN": "t"},
        server="http://localhost:1",
    )

    assert not access.is_local
    assert access.order == ("google", "openai")  # Cloudflare's token needs an account
    assert access.keys == {"google": "g", "openai": "o"}
    assert access.parameters["ProviderUrls"] == "{}"


def test_a_compatible_server_is_called_in_place_of_openai() -> None:
    environment = {
        "OPENAI_API_KEY": "o",
        "GEMINI_API_KEY": "g",
        "OPENAI_BASE_URL": "http://localhost:4000/v1",
    }

    access = provider_access(environment, server="http://localhost:1")

    assert not access.is_local
    assert access.keys == {"google": "g", "openai": "o"}
    assert json.loads(access.parameters["ProviderUrls"]) == {"openai": "http://localhost:4000/v1"}


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({"OPENAI_BASE_URL": "http://localhost:4000/v1"}, "without OPENAI_API_KEY"),
        ({"OPENAI_BASE_URL": "localhost:4000", "OPENAI_API_KEY": "o"}, "must be an address"),
        ({"OPENAI_BASE_URL": "http://[", "OPENAI_API_KEY": "o"}, "must be an address"),
    ],
)
def test_a_server_without_a_key_or_an_address_is_refused(environment: dict[str, str], complaint: str) -> None:
    with pytest.raises(CannotRun, match=complaint):
        provider_access(environment, server="http://localhost:1")


def test_cloudflares_token_goes_with_its_account() -> None:
    environment = {"CLOUDFLARE_API_TOKEN": "t", "CLOUDFLARE_ACCOUNT_ID": "a"}

    access = provider_access(environment, server="http://localhost:1")

    assert access.keys == {"cloudflare": "t", "cloudflare_account_id": "a"}


@pytest.mark.parametrize("header", ["Origin: http://localhost:8080", "Sec-Fetch-Site: cross-site"])
def test_no_web_page_can_use_the_stand_ins(server: str, header: str) -> None:
    name, _, value = header.partition(": ")
    request = urllib.request.Request(  # noqa: S310 - the server's own address
        f"{server}/control", data=b'{"openai": {"mode": "dead"}}', headers={name: value}, method="PUT"
    )

    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(request, timeout=60)  # noqa: S310
    with urllib.request.urlopen(f"{server}/control", timeout=60) as answer:  # noqa: S310
        assert json.load(answer)["control"] == {}
