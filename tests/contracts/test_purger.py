"""What every Purger does: the fake of the tests, CloudflarePurger and CloudFrontPurger alike.

Below the contract stand the answers that only the real APIs give, from a server and a client of our own that give them
as the documentation of Cloudflare and CloudFront says.
"""

import itertools
import json
import logging
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.session import get_session
from moto import mock_aws

from image_store.adapters.cloudflare import ENTRIES_PER_CALL, CloudflarePurger
from image_store.adapters.cloudfront import CloudFrontPurger
from image_store.domain.errors import ConfigurationError, ImageStoreError, StorageUnavailable
from image_store.ports.delivery import Purger
from tests.fakes.cloudflare import TOKEN, ZONE, Answer, CloudflareServer
from tests.fakes.cloudfront import DISTRIBUTION, MemoryCloudFront
from tests.fakes.object_store import MemoryBucket
from tests.fakes.purger import MemoryCdn

pytestmark = pytest.mark.loopback

SITE = "https://images.example.com"
DISTRIBUTION_CONFIG = {
    "CallerReference": "1",
    "Comment": "",
    "Enabled": True,
    "Origins": {
        "Quantity": 1,
        "Items": [
            {
                "Id": "public",
                "DomainName": "public.s3.amazonaws.com",
                "S3OriginConfig": {"OriginAccessIdentity": ""},
            }
        ],
    },
    "DefaultCacheBehavior": {"TargetOriginId": "public", "ViewerProtocolPolicy": "https-only"},
}


def copies(publication: str = "one", count: int = 2) -> list[str]:
    return [f"{SITE}/p/{publication}/{number}.webp" for number in range(count)]


@dataclass(frozen=True)
class Cdn:
    """A CDN of one kind, and ways to fill and to see its cache."""

    purger: Purger
    keep: Callable[[list[str]], None]
    kept: Callable[[], set[str]]


class NoClock:
    def now(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC)


def in_memory() -> Cdn:
    cdn = MemoryCdn(url=SITE, bucket=MemoryBucket("public", clock=NoClock(), peers={}))
    return Cdn(cdn, cdn.cached.update, lambda: cdn.cached)


def purger_of(server: CloudflareServer, *, token: str = TOKEN, read_seconds: float = 3.0) -> CloudflarePurger:
    return CloudflarePurger(api_url=server.url, zone_id=ZONE, token=lambda: token, read_seconds=read_seconds)


def at_cloudflare(server: CloudflareServer) -> Cdn:
    return Cdn(
        purger_of(server),
        lambda urls: server.cached.update((url, None) for url in urls),
        lambda: {url for url, _ in server.cached},
    )


@pytest.fixture
def server() -> Iterator[CloudflareServer]:
    with CloudflareServer() as started:
        yield started


def at_cloudfront() -> Cdn:
    client = MemoryCloudFront()
    return Cdn(cloudfront_purger(client), client.cached.update, lambda: client.cached)


def cloudfront_purger(client: Any, *, distribution: str = DISTRIBUTION) -> CloudFrontPurger:
    references = itertools.count()
    return CloudFrontPurger(distribution, client=lambda: client, reference=lambda: str(next(references)))


@pytest.fixture(params=["memory", "cloudflare", "cloudfront"])
def cdn(request: pytest.FixtureRequest, server: CloudflareServer) -> Cdn:
    if request.param == "cloudfront":
        return at_cloudfront()
    return in_memory() if request.param == "memory" else at_cloudflare(server)


# The contract -----------------------------------------------------------------------------------------


def test_purged_copies_leave_the_cache_and_all_others_stay(cdn: Cdn) -> None:
    """B8."""
    cdn.keep([*copies("one"), *copies("two")])

    cdn.purger.purge(copies("one"))

    assert cdn.kept() == set(copies("two"))


def test_a_purge_may_be_repeated(cdn: Cdn) -> None:
    cdn.keep(copies("one"))
    cdn.purger.purge(copies("one"))

    cdn.purger.purge(copies("one"))

    assert cdn.kept() == set()


def test_a_purge_of_nothing_changes_nothing(cdn: Cdn) -> None:
    cdn.keep(copies("one"))

    cdn.purger.purge([])

    assert cdn.kept() == set(copies("one"))


# Cloudflare -------------------------------------------------------------------------------------------


def test_addresses_are_purged_first_and_then_their_folders(server: CloudflareServer) -> None:
    purger_of(server).purge([*copies("one"), *copies("two")])

    assert server.calls == [
        {"files": [*copies("one"), *copies("two")]},
        {"prefixes": ["images.example.com/p/one", "images.example.com/p/two"]},
    ]


@pytest.mark.parametrize(
    "entry",
    [
        (f"{copies()[0]}?again", None),
        (copies()[0], "https://elsewhere.example"),
        (f"{copies()[0]}?again", "https://elsewhere.example"),
    ],
)
def test_copies_under_a_query_or_for_other_sites_go_as_well(
    entry: tuple[str, str | None], server: CloudflareServer
) -> None:
    server.cached = {entry, (copies("two")[0], None)}

    purger_of(server).purge(copies("one"))

    assert server.cached == {(copies("two")[0], None)}


def test_no_call_names_more_than_every_plan_takes(server: CloudflareServer) -> None:
    many = [url for number in range(101) for url in copies(f"publication-{number}", 2)]

    purger_of(server).purge(many)

    assert server.purged() == many
    assert [len(next(iter(call.values()))) for call in server.calls] == [100, 100, 2, 100, 1]
    assert ENTRIES_PER_CALL == 100


@pytest.mark.parametrize(
    ("answer", "retry_after"),
    [
        (Answer(429, headers={"Retry-After": "7"}), timedelta(seconds=7)),
        (Answer(429, headers={"Retry-After": "999999999999"}), timedelta(hours=1)),
        (Answer(429, headers={"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}), None),
        (Answer(429), None),
        (Answer(400), None),
        (Answer(500), None),
        (Answer(502, b"<html>"), None),
        (Answer(302, headers={"Location": "http://127.0.0.1:1/elsewhere"}), None),
        (Answer(200), None),
        (Answer(200, b""), None),
        (Answer(200, b"<html>"), None),
        (Answer(200, b"[" * 100_000), None),
        (Answer(200, b'"success"'), None),
        (Answer(200, b'{"success":"true"}'), None),
        (Answer(200, b"\xff"), None),
    ],
    ids=lambda value: (
        f"{value.status} {value.body[:20]!r} {value.headers}" if isinstance(value, Answer) else None
    ),
)
def test_an_answer_that_is_not_a_success_is_an_error_to_try_again(
    answer: Answer, retry_after: timedelta | None, server: CloudflareServer
) -> None:
    server.answers = [answer]

    with pytest.raises(StorageUnavailable) as caught:
        purger_of(server).purge(copies())

    assert caught.value.retry_after == retry_after
    assert server.calls == []


def test_a_failure_of_the_second_step_is_an_error_as_well(server: CloudflareServer) -> None:
    purger = purger_of(server)
    server.answers = [Answer(200, b'{"success":true}'), Answer(429)]

    with pytest.raises(StorageUnavailable):
        purger.purge(copies())


def test_an_api_that_does_not_answer_is_given_up(server: CloudflareServer) -> None:
    server.silent = True

    with pytest.raises(StorageUnavailable, match="did not answer"):
        purger_of(server, read_seconds=0.05).purge(copies())


def test_an_api_that_is_not_there_is_an_error_to_try_again(server: CloudflareServer) -> None:
    nowhere = CloudflarePurger(api_url="http://127.0.0.1:1", zone_id=ZONE, token=lambda: TOKEN)

    with pytest.raises(StorageUnavailable, match="did not answer"):
        nowhere.purge(copies())


def test_a_token_that_may_not_purge_is_a_mistake_of_the_deployment(server: CloudflareServer) -> None:
    with pytest.raises(ConfigurationError, match="refuses the API token"):
        purger_of(server, token="another").purge(copies())


@pytest.mark.parametrize("token", ["", "two words", "line\n", "naïve"])
def test_an_invalid_token_is_not_sent(token: str, server: CloudflareServer) -> None:
    with pytest.raises(ConfigurationError, match="API token is empty"):
        purger_of(server, token=token).purge(copies())

    assert server.calls == []


@pytest.mark.parametrize(
    "answers",
    [[Answer(429)], [Answer(500)], [Answer(403)], [Answer(200, b"no")], None],
    ids=["429", "500", "403", "no success", "silence"],
)
def test_the_token_is_in_no_error_and_in_no_log(
    answers: list[Answer] | None, server: CloudflareServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.answers = answers or []
    server.silent = answers is None

    with pytest.raises(ImageStoreError) as caught:
        purger_of(server, read_seconds=0.05).purge(copies())

    output = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert "127.0.0.1" in output  # urllib3 did log what it did
    assert TOKEN not in output


@pytest.mark.parametrize("token", [f"{TOKEN}\n", f"{TOKEN} é"])
def test_a_token_that_cannot_be_sent_is_not_shown_either(token: str, server: CloudflareServer) -> None:
    with pytest.raises(ConfigurationError) as caught:
        purger_of(server, token=token).purge(copies())

    assert TOKEN not in "".join(traceback.format_exception(caught.value))


def test_connections_are_kept_for_the_next_call(
    server: CloudflareServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="urllib3")

    purger_of(server).purge(copies())

    assert len(server.calls) == 2
    assert caplog.text.count("Starting new HTTP connection") == 1


def test_the_body_is_what_cloudflare_documents(server: CloudflareServer) -> None:
    purger_of(server).purge(copies(count=1))

    assert json.dumps(server.calls[0]) == '{"files": ["https://images.example.com/p/one/0.webp"]}'


# CloudFront -------------------------------------------------------------------------------------------


def many_copies(publications: int, count: int = 2) -> list[str]:
    return [url for number in range(publications) for url in copies(f"publication-{number}", count)]


def test_a_publication_is_one_path_at_cloudfront() -> None:
    client = MemoryCloudFront()

    cloudfront_purger(client).purge([*copies("one"), *copies("two")])

    assert client.accepted == [("/p/one/*", "/p/two/*")]


def test_copies_under_a_query_leave_the_caches_of_cloudfront() -> None:
    client = MemoryCloudFront()
    client.cached = {f"{copies()[0]}?again", copies("two")[0]}

    cloudfront_purger(client).purge(copies("one"))

    assert client.cached == {copies("two")[0]}


def test_more_folders_than_cloudfront_works_on_are_purged_file_by_file() -> None:
    client = MemoryCloudFront()
    urls = many_copies(17)
    client.cached = set(urls)

    cloudfront_purger(client).purge(urls)

    assert [len(paths) for paths in client.accepted] == [15, 4]
    assert not any(path.endswith("*") for path in client.accepted[1])
    assert client.cached == set()


def test_more_files_than_cloudfront_works_on_wait() -> None:
    client = MemoryCloudFront()
    purger = cloudfront_purger(client)
    urls = many_copies(15, 201)
    purger.purge(urls)

    with pytest.raises(StorageUnavailable) as caught:
        purger.purge(urls)
    client.completed()
    purger.purge(urls)

    assert caught.value.retry_after == timedelta(minutes=1)


def test_each_purge_has_a_reference_of_its_own() -> None:
    """CloudFront would answer a reference that it knows with the old invalidation, and purge nothing."""
    client = MemoryCloudFront()
    purger = cloudfront_purger(client)

    for _ in range(2):
        client.cached = set(copies())
        purger.purge(copies())

        assert client.cached == set()
    assert len(client.accepted) == 2


def test_a_distribution_that_is_not_there_is_a_mistake_of_the_deployment() -> None:
    with pytest.raises(ConfigurationError, match="CloudFront refuses"):
        cloudfront_purger(MemoryCloudFront(), distribution="E1OTHER").purge(copies())


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (ClientError({"Error": {"Code": "AccessDenied"}}, "CreateInvalidation"), ConfigurationError),
        (ClientError({"Error": {"Code": "ServiceUnavailable"}}, "CreateInvalidation"), StorageUnavailable),
        (EndpointConnectionError(endpoint_url="https://cloudfront.invalid"), StorageUnavailable),
    ],
    ids=str,
)
def test_a_failure_of_cloudfront_is_an_error_of_the_port(
    failure: Exception, expected: type[Exception]
) -> None:
    class Failing:
        def create_invalidation(self, **_: Any) -> None:
            raise failure

    with pytest.raises(expected):
        cloudfront_purger(Failing()).purge(copies())


def test_an_invalidation_is_what_botocore_sends_to_cloudfront() -> None:
    with mock_aws():
        client = get_session().create_client(
            "cloudfront", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b"
        )
        distribution = client.create_distribution(DistributionConfig=DISTRIBUTION_CONFIG)["Distribution"][
            "Id"
        ]

        cloudfront_purger(client, distribution=distribution).purge(copies())

        summaries = client.list_invalidations(DistributionId=distribution)["InvalidationList"]["Items"]
        [invalidation] = [
            client.get_invalidation(DistributionId=distribution, Id=each["Id"])["Invalidation"]
            for each in summaries
        ]
        assert invalidation["InvalidationBatch"]["Paths"] == {"Quantity": 1, "Items": ["/p/one/*"]}
