"""A deployment that purges: its stack is pointed at a stand-in for Cloudflare's API on this machine."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.fakes.cloudflare import TOKEN, Answer, CloudflareServer
from tests.pictures import jpeg

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.conftest import Stack

PURGED_SECONDS = 30
POLL_SECONDS = 0.2
JPEG = {"Content-Type": "image/jpeg"}


@pytest.fixture
def purging(choosy_stack: Stack) -> Stack:
    """A stack whose public copies lie behind the zone of the stand-in."""
    return choosy_stack


@pytest.fixture
def api(purging: Stack, cloudflare: CloudflareServer) -> Iterator[httpx.Client]:
    """A client of the stack; Cloudflare has heard nothing yet."""
    cloudflare.calls.clear()
    with purging.http("alice") as client:
        yield client


def published(api: httpx.Client, seed: int) -> dict[str, Any]:
    """Store a public picture."""
    answer = api.post(
        "/v1/images", content=jpeg(96 + seed, 64), headers=JPEG, params={"visibility": "public"}
    )
    assert answer.status_code == 201, answer.text
    image: dict[str, Any] = answer.json()
    return image


def copy_of(api: httpx.Client, image: dict[str, Any]) -> httpx.URL:
    """Where the public link leads to."""
    answer = api.get(image["public_url"])
    assert answer.status_code == 302, answer.text
    return httpx.URL(answer.headers["Location"])


def test_copies_may_stay_in_the_cache_for_a_year_when_they_can_be_purged(api: httpx.Client) -> None:
    """A10."""
    copy = api.get(copy_of(api, published(api, 1)))

    assert copy.headers["Cache-Control"] == "public, max-age=86400, s-maxage=31536000, immutable"


def test_what_is_unpublished_is_purged_after_its_copies_are_gone(
    api: httpx.Client, cloudflare: CloudflareServer
) -> None:
    """B8."""
    image = published(api, 2)
    copy = str(copy_of(api, image))

    answer = api.patch(f"/v1/images/{image['id']}", json={"visibility": "private"})

    assert answer.status_code == 200, answer.text
    assert api.get(copy).status_code == 404
    assert copy in cloudflare.purged()
    assert cloudflare.purged("prefixes") == [copy.partition("://")[2].rpartition("/")[0]]


@pytest.mark.parametrize("permanent", ["false", "true"])
def test_what_is_deleted_is_purged(permanent: str, api: httpx.Client, cloudflare: CloudflareServer) -> None:
    """B8."""
    image = published(api, 3)
    copy = str(copy_of(api, image))

    answer = api.delete(f"/v1/images/{image['id']}", params={"permanent": permanent})

    assert answer.status_code == 204, answer.text
    assert copy in cloudflare.purged()


def test_a_purge_that_fails_is_repeated_by_cleanup(
    api: httpx.Client, purging: Stack, cloudflare: CloudflareServer
) -> None:
    """B8."""
    image = published(api, 4)
    copy = str(copy_of(api, image))
    cloudflare.answers = [Answer(429, headers={"Retry-After": "5"})]

    answer = api.patch(f"/v1/images/{image['id']}", json={"visibility": "private"})

    assert answer.status_code == 200, answer.text
    assert cloudflare.calls == []
    functions = purging.client("lambda")
    names = [function["FunctionName"] for function in functions.list_functions()["Functions"]]
    [cleanup] = [name for name in names if "cleanup" in name.lower()]
    deadline = time.monotonic() + PURGED_SECONDS
    while copy not in cloudflare.purged():  # the index of what is due may be a moment behind
        assert time.monotonic() < deadline
        functions.invoke(FunctionName=cleanup, Payload=b"{}")
        time.sleep(POLL_SECONDS)


def test_the_token_is_not_in_the_logs(purging: Stack) -> None:
    assert TOKEN not in purging.state.log.read_text()
