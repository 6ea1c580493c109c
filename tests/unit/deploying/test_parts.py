"""Buckets, rules, domain, tokens and secrets: made once, repaired, resumed, and never made public or left behind."""

from __future__ import annotations

import hashlib
import json

import pytest

from image_store_cli.deploying.cloudflare_api import CloudflareRefused
from image_store_cli.deploying.public_domain import find_zone
from image_store_cli.errors import CommandError, UsageError
from tests.fakes.cloudflare_account import ACCOUNT, DEFAULT_LIFECYCLE, ZONE, Bucket, CloudflareAccount, Fault
from tests.unit.deploying.store import API, DOMAIN, AwsAccount, make, parts_of

PRIVATE, PUBLIC = ("default", "image-store-private"), ("default", "image-store-public")
OTHER_RULE = {"id": "theirs", "allowed": {"origins": ["https://other.example"], "methods": ["GET"]}}


def secret_agrees(cloudflare: CloudflareAccount, aws: AwsAccount) -> bool:
    """Whether the secrets hold the two tokens that exist, and no third token does."""
    r2, purge = (json.loads(aws.secrets[f"image-store/{name}"]) for name in ("r2", "cloudflare"))
    values = {token["name"].rpartition(" ")[2]: token for token in cloudflare.tokens.values()}
    return (
        len(cloudflare.tokens) == 2
        and r2["access_key_id"] == values["r2"]["id"]
        and r2["secret_access_key"] == hashlib.sha256(values["r2"]["value"].encode()).hexdigest()
        and purge["api_token"] == values["purge"]["value"]
    )


def test_a_first_run_makes_everything_and_a_second_one_nothing() -> None:
    cloudflare, aws = CloudflareAccount(), AwsAccount()
    parts = parts_of(cloudflare, aws, zone=ZONE, api_origin=API)

    first, second = make(parts), make(parts)

    assert len(first) == 9
    assert second == []
    assert secret_agrees(cloudflare, aws)
    private, public = cloudflare.buckets[PRIVATE], cloudflare.buckets[PUBLIC]
    assert private.location == "WEUR"
    assert private.domains == {}
    assert public.domains[DOMAIN]["minTLS"] == "1.2"
    read, upload = private.cors or []
    assert read["allowed"]["origins"] == ["*"]
    assert upload["allowed"]["origins"] == [API, "https://app.example.com"]
    assert public.cors == [read]
    assert [rule["id"] for rule in private.lifecycle] == [DEFAULT_LIFECYCLE["id"], "transforms"]
    assert private.lifecycle[1]["deleteObjectsTransition"]["condition"]["maxAge"] == 30 * 24 * 3600


def test_the_tokens_may_do_one_thing_each() -> None:
    cloudflare, aws = CloudflareAccount(), AwsAccount()

    make(parts_of(cloudflare, aws, zone=ZONE))

    resources = {
        token["name"].rpartition(" ")[2]: list(token["policies"][0]["resources"])
        for token in cloudflare.tokens.values()
    }
    prefix = f"com.cloudflare.edge.r2.bucket.{ACCOUNT}_default"
    assert resources == {
        "r2": [f"{prefix}_image-store-private", f"{prefix}_image-store-public"],
        "purge": [f"com.cloudflare.api.account.zone.{ZONE}"],
    }


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("status", [None, 403], ids=["cut", "refused"])
def test_a_run_that_stops_at_any_call_is_resumed_without_a_second_token(
    status: int | None, *, is_after: bool
) -> None:
    clean, clean_aws = CloudflareAccount(), AwsAccount()
    make(parts_of(clean, clean_aws, zone=ZONE, api_origin=API))
    stops = 0

    for at in range(1, len(clean.calls) + 1):
        cloudflare, aws = CloudflareAccount(), AwsAccount()
        cloudflare.fault = Fault(at, is_after=is_after, status=status)
        parts = parts_of(cloudflare, aws, zone=ZONE, api_origin=API)
        try:
            make(parts)
        except CommandError:
            stops += 1
        make(parts)

        assert cloudflare.state() == clean.state(), clean.calls[at - 1]
        assert secret_agrees(cloudflare, aws), clean.calls[at - 1]
    assert stops > 0


def test_a_secret_that_could_not_be_written_leaves_one_token_in_the_end() -> None:
    cloudflare, aws = CloudflareAccount(), AwsAccount()
    parts = parts_of(cloudflare, aws, zone=ZONE)
    aws.is_full = True
    with pytest.raises(CommandError, match="LimitExceeded"):
        make(parts)
    aws.is_full = False

    make(parts)

    assert secret_agrees(cloudflare, aws)


def test_a_key_pair_that_stopped_working_is_replaced_and_the_secret_of_a_destroyed_store_restored() -> None:
    cloudflare, aws = CloudflareAccount(), AwsAccount()
    parts = parts_of(cloudflare, aws, zone=ZONE)
    make(parts)
    cloudflare.tokens.clear()
    aws.scheduled.add("image-store/r2")

    changes = make(parts)

    assert len(changes) == 2
    assert secret_agrees(cloudflare, aws)
    assert aws.scheduled == set()


def test_tokens_of_another_store_stay() -> None:
    cloudflare, aws = CloudflareAccount(), AwsAccount()
    other = {"id": "other", "name": "image-store image-store 999999999999 eu-central-1 r2", "policies": [],
             "value": "v", "status": "active"}  # fmt: skip
    cloudflare.tokens["other"] = other

    make(parts_of(cloudflare, aws, zone=ZONE))

    assert cloudflare.tokens["other"] is other


def test_rules_of_others_stay() -> None:
    cloudflare, aws = CloudflareAccount(), AwsAccount()
    cloudflare.buckets[PRIVATE] = Bucket("image-store-private", "WEUR", cors=[OTHER_RULE])
    cloudflare.rules = [
        {"id": "1", "description": "theirs", "expression": "true", "action": "x", "enabled": True}
    ]

    make(parts_of(cloudflare, aws, zone=ZONE))

    assert OTHER_RULE in (cloudflare.buckets[PRIVATE].cors or [])
    assert [rule["description"] for rule in cloudflare.rules] == ["theirs", "image-store image-store"]


def test_a_new_origin_changes_one_rule() -> None:
    cloudflare, aws = CloudflareAccount(), AwsAccount()
    make(parts_of(cloudflare, aws, zone=ZONE, api_origin=API))

    changes = make(parts_of(cloudflare, aws, zone=ZONE, api_origin=API, origins=["https://new.example.com"]))

    [change] = changes
    assert change.endswith(f"https://new.example.com and {API} may upload")


@pytest.mark.parametrize("place", ["r2.dev", "domain"])
def test_a_private_bucket_that_everybody_can_read_stops_the_deployment(place: str) -> None:
    cloudflare, aws = CloudflareAccount(), AwsAccount()
    bucket = Bucket("image-store-private", "WEUR", is_on_r2_dev=place == "r2.dev")
    if place == "domain":
        bucket.domains["photos.example.com"] = {"domain": "photos.example.com", "enabled": True, "looks": 0}
    cloudflare.buckets[PRIVATE] = bucket

    with pytest.raises(UsageError, match=r"is public at (pub-|photos)"):
        make(parts_of(cloudflare, aws, zone=ZONE))

    assert list(cloudflare.buckets) == [PRIVATE]
    assert aws.secrets == {}


def test_without_a_public_domain_there_is_one_bucket_and_one_token() -> None:
    cloudflare, aws = CloudflareAccount(), AwsAccount()

    make(parts_of(cloudflare, aws, r2={"account": ACCOUNT}))

    assert list(cloudflare.buckets) == [PRIVATE]
    assert len(cloudflare.tokens) == 1


def test_the_zone_of_a_domain_is_the_longest_that_the_account_has() -> None:
    cloudflare, aws = CloudflareAccount(), AwsAccount()

    zone = find_zone(parts_of(cloudflare, aws).r2)

    assert zone == ZONE
    cloudflare.zones.clear()
    with pytest.raises(UsageError, match="has no zone for images"):
        find_zone(parts_of(cloudflare, aws).r2)


def test_a_token_without_a_permission_is_told_which() -> None:
    cloudflare, aws = CloudflareAccount(), AwsAccount()
    cloudflare.refused_paths = ("/tokens",)

    with pytest.raises(CloudflareRefused, match="needs the permission Account → Account API Tokens → Edit"):
        make(parts_of(cloudflare, aws, zone=ZONE))


def test_an_account_without_r2_is_told_where_to_turn_it_on() -> None:
    cloudflare, aws = CloudflareAccount(), AwsAccount()
    cloudflare.has_r2 = False

    with pytest.raises(CloudflareRefused, match="Turn R2 on for this account"):
        make(parts_of(cloudflare, aws, zone=ZONE))


def test_a_domain_is_waited_for_until_its_certificate_and_its_name_are_there() -> None:
    cloudflare, aws = CloudflareAccount(), AwsAccount()
    parts = parts_of(cloudflare, aws, zone=ZONE)
    make(parts)
    waits: list[float] = []
    answers = iter([False, True])

    missing = parts.domain().wait(waits.append, resolve=lambda _: next(answers))

    assert missing == ""
    assert len(waits) >= 2


def test_a_domain_that_never_works_is_reported_after_ten_minutes() -> None:
    cloudflare, aws = CloudflareAccount(), AwsAccount()
    cloudflare.statuses = ["pending"]
    parts = parts_of(cloudflare, aws, zone=ZONE)
    make(parts)
    waits: list[float] = []

    missing = parts.domain().wait(waits.append, resolve=lambda _: True)

    assert missing == "the domain's ownership is pending at Cloudflare"
    assert sum(waits) == 600


def test_buckets_of_a_jurisdiction_are_made_and_named_there() -> None:
    cloudflare, aws = CloudflareAccount(), AwsAccount()
    table = {"account": ACCOUNT, "jurisdiction": "eu", "public_domain": DOMAIN}

    make(parts_of(cloudflare, aws, zone=ZONE, r2=table))

    assert {jurisdiction for jurisdiction, _ in cloudflare.buckets} == {"eu"}
    resources = [name for token in cloudflare.tokens.values() for name in token["policies"][0]["resources"]]
    assert f"com.cloudflare.edge.r2.bucket.{ACCOUNT}_eu_image-store-private" in resources
