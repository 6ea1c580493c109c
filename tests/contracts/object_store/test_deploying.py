"""`image-store deploy` makes the buckets and their rules on real servers with S3's API, and tries them."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from image_store_cli.aws import Account
from image_store_cli.deploying.compatible import StoreAccess
from image_store_cli.deploying.compatible_parts import CompatibleParts
from image_store_cli.deploying.stack_secrets import StackSecret
from image_store_cli.deploying.store_file import CompatibleSettings, parse
from image_store_cli.doctor.results import Status
from image_store_cli.settings.command_settings import AwsAccess
from tests.contracts.object_store.servers import KEYS, REGION
from tests.unit.deploying.store import API, AwsAccount, described, make

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_store_cli.doctor.results import CheckResult
    from tests.contracts.object_store.servers import S3Server


def test_a_store_is_set_up_by_one_run_and_a_second_one_changes_nothing(server: S3Server) -> None:
    name = f"d{uuid.uuid4().hex[:10]}"
    values = described(
        stack=name,
        compatible={
            "kind": str(server.kind), "endpoint": server.endpoint, "region": REGION,
            "public_bucket": f"{name}-public", "public_url": "https://cdn.example.com",
        },
    )  # fmt: skip
    del values["r2"]
    store = parse(values, Path("store.toml"))
    assert isinstance(store.place, CompatibleSettings)
    notes: list[str] = []
    findings: list[CheckResult] = []
    aws: Any = AwsAccount()
    account = Account(AwsAccess(stack=name, region=REGION, access_key="AKIA", secret_key="s"))

    def open_storage(members: Mapping[str, str]) -> Any:
        return account.client(
            "s3",
            endpoint_url=server.endpoint,
            region_name=REGION,
            aws_access_key_id=members["access_key_id"],
            aws_secret_access_key=members["secret_access_key"],
        )

    def parts() -> CompatibleParts:
        place: Any = store.place
        pair = (KEYS.access_key_id, KEYS.secret_access_key)
        access = StoreAccess(
            place, aws, StackSecret(f"{name}/r2", is_chosen=False), open_storage, lambda: pair
        )
        return CompatibleParts(store, access, notes.append, findings.append, API)

    first, second = make(parts()), make(parts())

    assert len(first) == 6
    assert second == []
    assert notes == []
    assert [each.name for each in findings if each.status is Status.WRONG] == []
    assert f"{name}/r2" in aws.secrets
    account.close()
    for bucket in (f"{name}-private", f"{name}-public"):
        server.client.delete_bucket(Bucket=bucket)
