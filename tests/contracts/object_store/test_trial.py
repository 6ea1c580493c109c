"""What `image-store doctor` says of S3 servers, and of servers that forget what they should know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from image_store.adapters.byte_stores import CAPABILITIES
from image_store.domain.images.byte_stores import ByteStore
from image_store_cli.doctor.byte_stores import COPY_CONDITIONS, StoreTrial
from image_store_cli.doctor.results import CheckResults

if TYPE_CHECKING:
    from tests.contracts.object_store.servers import S3Server

pytestmark = pytest.mark.loopback


class Forgetful:
    """A client of a server that ignores one parameter of a request, or refuses one operation."""

    def __init__(self, client: Any, operation: str, parameter: str) -> None:
        self._client = client
        self._operation = operation
        self._parameter = parameter

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._client, name)
        if name != self._operation:
            return attribute

        def call(**request: Any) -> Any:
            request.pop(self._parameter, None)
            return attribute(**request)

        return call


def trial(server: S3Server, client: Any = None, *, kind: str | None = None) -> dict[str, str]:
    """The status of each check."""
    findings = CheckResults(lambda _: None)
    StoreTrial(findings, client or server.client, bucket="private", kind=kind or server.kind).run()
    assert server.client.list_objects_v2(Bucket="private").get("KeyCount", 0) == 0
    return {finding.name: str(finding.status) for finding in findings.all}


def test_a_server_that_can_all_is_found_so(server: S3Server) -> None:
    assert trial(server) == {
        "conditional put": "ok",
        "conditional copy": "ok",
        "checksums": "ok",
        "list of objects": "ok",
        "batch delete": "ok",
        "lifecycle": "warning",
    }


def test_a_rule_that_lets_images_of_signed_links_expire_is_found(seaweedfs_server: S3Server) -> None:
    client = seaweedfs_server.client
    rule = {"ID": "t", "Status": "Enabled", "Filter": {"Prefix": "transforms/"}, "Expiration": {"Days": 30}}
    client.put_bucket_lifecycle_configuration(Bucket="private", LifecycleConfiguration={"Rules": [rule]})

    statuses = trial(seaweedfs_server)
    client.delete_bucket_lifecycle(Bucket="private")

    assert statuses["lifecycle"] == "ok"


@pytest.mark.parametrize("kind", ["r2", "s3"])
def test_a_server_without_conditional_copies_is_not_of_this_kind(
    kind: str, ministack_server: S3Server
) -> None:
    assert trial(ministack_server, kind=kind)["conditional copy"] == "wrong"


@pytest.mark.parametrize(
    ("operation", "parameter", "expected"),
    [
        ("put_object", "IfNoneMatch", {"conditional put": "wrong"}),
        ("copy_object", "CopySourceIfMatch", {"conditional copy": "wrong"}),
        ("put_object", "ChecksumSHA256", {"checksums": "warning"}),
        ("list_objects_v2", "StartAfter", {"list of objects": "wrong"}),
    ],
)
def test_what_a_server_ignores_is_named(
    operation: str, parameter: str, expected: dict[str, str], seaweedfs_server: S3Server
) -> None:
    client = Forgetful(seaweedfs_server.client, operation, parameter)

    assert trial(seaweedfs_server, client).items() >= expected.items()


def test_the_doctor_and_the_functions_know_the_same_kinds_and_conditions() -> None:
    conditions = {
        str(kind): each.copy_condition.value if each.copy_condition else None
        for kind, each in CAPABILITIES.items()
    }

    assert conditions == COPY_CONDITIONS
    assert set(ByteStore) == CAPABILITIES.keys()
