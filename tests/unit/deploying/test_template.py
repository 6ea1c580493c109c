"""Values of parameters: all are sent, and what CloudFormation would refuse half-way is refused before."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from image_store_cli.deploying.template import OF_FILE, Template, parameters_of
from image_store_cli.errors import UsageError
from tests.fakes.cloudflare_account import ACCOUNT, ZONE, CloudflareAccount
from tests.unit.deploying.store import AwsAccount, parts_of

ROOT = Path(__file__).resolve().parents[3]


class Tags(yaml.SafeLoader):
    """Reads the short forms of functions, such as `!Ref`, as `sam build` writes them."""


def _function(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> Any:
    name = tag if tag == "Ref" else f"Fn::{tag}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {name: loader.construct_mapping(node, deep=True)}


Tags.add_multi_constructor("!", _function)


@cache
def template() -> Template:
    """The project's own template."""
    return Template(yaml.load((ROOT / "template.yaml").read_text(), Loader=Tags))  # noqa: S506 - a safe loader


def values(**parameters: Any) -> dict[str, str]:
    """The parameters of the example's stack."""
    parts = parts_of(CloudflareAccount(), AwsAccount(), zone=ZONE, parameters=parameters)
    return template().values_for(parameters_of(parts.store, parts.parameters()))


def test_every_parameter_has_a_value_so_that_none_keeps_the_one_before() -> None:
    sent = values()

    assert sent.keys() == template().parameters.keys()
    assert sent["CloudflareZoneId"] == ZONE
    assert sent["PublicUrl"] == "https://images.example.com"
    assert sent["R2AccountId"] == ACCOUNT
    assert sent["TrashRetentionDays"] == "7"


def test_every_setting_of_the_file_is_a_parameter() -> None:
    assert set(OF_FILE) <= template().parameters.keys()


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"LogRetentionDay": 7}, "Did you mean LogRetentionDays?"),
    ({"LogRetentionDays": 8}, "must be one of 1, 3"),
    ({"TrashRetentionDays": 366}, "must be at most 365"),
    ({"TrashRetentionDays": -1}, "must be at least 0"),
    ({"TrashRetentionDays": "many"}, "must be a number"),
    ({"RaiseAlarms": "yes"}, "must be one of true, false"),
    ({"ApiUrl": "api.example.com"}, "must be an https address"),
    ({"RemoteHosts": "a" * 361}, "may have at most 360 characters"),
    ({"WarmInstances": 1, "SnapStart": "PublishedVersions"}, "exclude each other"),
    ({"PrivateBucket": "mine-private"}, "set private_bucket instead"),
]


@pytest.mark.parametrize(("parameters", "message"), WRONG, ids=[message for _, message in WRONG])
def test_a_value_that_cloudformation_would_refuse_is_refused_before(
    parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError) as refused:
        values(**parameters)

    assert message in refused.value.message


@pytest.mark.parametrize("bucket", ["image-store-private", "image-store-public"])
def test_a_backup_among_the_images_is_refused(bucket: str) -> None:
    """At any address: R2's has two forms, and a rule cannot compare them."""
    elsewhere = {"BackupEndpoint": "https://s3.example.com", "BackupRegion": "eu-1"}

    assert values(BackupStore="image-store-backup", **elsewhere)["BackupStore"] == "image-store-backup"
    with pytest.raises(UsageError, match="BackupStore must have another name"):
        values(BackupStore=bucket, **elsewhere)
