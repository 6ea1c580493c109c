"""Secrets that other stacks use: `destroy` keeps them with their tokens, and `deploy` does not replace them."""

from __future__ import annotations

import json

import pytest

from image_store_cli.errors import UsageError
from tests.fakes.cloudflare_account import ZONE, CloudflareAccount
from tests.unit.deploying.store import AwsAccount, make, parts_of, removal_of

R2, PURGE = "image-store/r2", "image-store/cloudflare"


def kinds(cloudflare: CloudflareAccount) -> set[str]:
    """What the tokens that are there are for."""
    return {token["name"].rpartition(" ")[2] for token in cloudflare.tokens.values()}


def test_the_secrets_of_a_deployment_go_with_it() -> None:
    cloudflare, aws = CloudflareAccount(), AwsAccount()
    parts = parts_of(cloudflare, aws, zone=ZONE)
    make(parts)
    removal = removal_of(parts, aws, {"other": {"R2SecretName": "other/r2"}})

    lines = removal.goes()
    removal.act(lambda *_: None)

    assert {f"the secret {name}, after 7 days" for name in (R2, PURGE)} < set(lines)
    assert aws.scheduled == {R2, PURGE}
    assert cloudflare.tokens == {}


def test_a_secret_that_another_stack_names_stays_with_its_token() -> None:
    cloudflare, aws = CloudflareAccount(), AwsAccount()
    parts = parts_of(cloudflare, aws, zone=ZONE)
    make(parts)
    removal = removal_of(
        parts, aws, {"first": {}, "second": {"R2SecretName": R2}, "third": {"BackupSecretName": R2}}
    )

    goes, stays = removal.goes(), [each.text for each in removal.stays()]
    removal.act(lambda *_: None)

    assert not [line for line in goes if R2 in line]
    assert f"the secret {R2}, which second and third use too" in stays
    assert aws.scheduled == {PURGE}
    assert kinds(cloudflare) == {"r2"}


def test_a_secret_that_the_file_names_stays_with_its_token() -> None:
    cloudflare, aws = CloudflareAccount(), AwsAccount()
    parts = parts_of(cloudflare, aws, zone=ZONE, parameters={"CloudflareSecretName": "shared/purge"})
    make(parts)
    removal = removal_of(parts, aws)

    stays = [each.text for each in removal.stays()]
    removal.act(lambda *_: None)

    assert "the secret shared/purge, whose name the file chooses" in stays
    assert aws.scheduled == {R2}
    assert kinds(cloudflare) == {"purge"}


@pytest.mark.parametrize("parameter", ["R2SecretName", "CloudflareSecretName"])
def test_a_secret_that_the_file_names_is_not_replaced_if_it_does_not_work(parameter: str) -> None:
    cloudflare, aws = CloudflareAccount(), AwsAccount()
    theirs = json.dumps({"access_key_id": "theirs", "secret_access_key": "theirs", "api_token": "theirs"})
    aws.secrets["shared"] = theirs

    with pytest.raises(UsageError, match="shared"):
        make(parts_of(cloudflare, aws, zone=ZONE, parameters={parameter: "shared"}))

    assert aws.secrets["shared"] == theirs


def test_a_key_pair_of_an_earlier_run_is_replaced_under_any_name() -> None:
    cloudflare, aws = CloudflareAccount(), AwsAccount()
    parts = parts_of(cloudflare, aws, zone=ZONE, parameters={"R2SecretName": "shared"})
    make(parts)
    before = json.loads(aws.secrets["shared"])
    aws.secrets["shared"] = json.dumps({**before, "secret_access_key": "damaged"})

    make(parts)

    after = json.loads(aws.secrets["shared"])
    assert after["access_key_id"] in cloudflare.tokens
    assert after["access_key_id"] != before["access_key_id"]
