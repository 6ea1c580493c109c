"""A deployment at a store with S3's API: what the store refuses is reported, and it is tried before it is used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from image_store_cli.deploying.compatible import StoreAccess
from image_store_cli.deploying.compatible_parts import CompatibleParts
from image_store_cli.deploying.stack_secrets import secret_of
from image_store_cli.deploying.store_file import CompatibleSettings, parse
from image_store_cli.errors import CommandError, UsageError
from tests.unit.deploying.store import API, AwsAccount, described, make, removal_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_store_cli.doctor.results import CheckResult

PRIVATE, PUBLIC = "image-store-private", "image-store-public"
SECRET = "image-store/r2"
PAIR = ("access", "secret")


def refusal(operation: str, code: str, status: int) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)


class Store:
    """A store behind S3's API, by the operations that a deployment calls; `refuses` names those it does not have."""

    def __init__(self) -> None:
        self.pairs = {PAIR}
        self.buckets: dict[str, dict[str, Any]] = {}
        self.refuses: dict[str, tuple[str, int]] = {}
        self.replaces = False
        self.calls: list[str] = []

    def open(self, members: Mapping[str, str]) -> Any:
        return _Client(self, (members["access_key_id"], members["secret_access_key"]))

    def call(self, pair: tuple[str, str], operation: str, bucket: str, request: dict[str, Any]) -> Any:
        self.calls.append(operation)
        if operation in self.refuses:
            raise refusal(operation, *self.refuses[operation])
        if pair not in self.pairs:
            raise refusal(operation, "SignatureDoesNotMatch", 403)
        if operation == "create_bucket":
            self.buckets[bucket] = {"objects": {}}
            return {}
        if bucket not in self.buckets:
            raise refusal(operation, "NoSuchBucket", 404)
        there = self.buckets[bucket]
        result = getattr(self, f"_{operation}", None)
        if result is not None:
            return result(there, **request)
        kind = operation.removeprefix("put_bucket_").removeprefix("get_bucket_")
        if operation.startswith("put_bucket_"):
            there[kind] = request[next(iter(request))]
            return {}
        if kind not in there:
            raise refusal(
                operation,
                "NoSuchCORSConfiguration" if kind == "cors" else "NoSuchLifecycleConfiguration",
                404,
            )
        return there[kind]

    def _put_object(self, there: dict[str, Any], *, Key: str, Body: bytes, **given: Any) -> Any:  # noqa: N803
        if given.get("IfNoneMatch") and Key in there["objects"] and not self.replaces:
            raise refusal("PutObject", "PreconditionFailed", 412)
        if "ChecksumSHA256" in given:
            raise refusal("PutObject", "BadDigest", 400)
        there["objects"][Key] = Body
        return {}

    def _get_object(self, there: dict[str, Any], *, Key: str) -> Any:  # noqa: N803
        class Body:
            @staticmethod
            def read() -> bytes:
                data: bytes = there["objects"][Key]
                return data

        return {"Body": Body}

    def _delete_objects(self, there: dict[str, Any], *, Delete: Any) -> Any:  # noqa: N803
        for each in Delete["Objects"]:
            there["objects"].pop(each["Key"], None)
        return {}

    def _list_objects_v2(self, there: dict[str, Any], *, StartAfter: str = "", **_: Any) -> Any:  # noqa: N803
        return {"Contents": [{"Key": key} for key in sorted(there["objects"]) if key > StartAfter]}


class _Client:
    def __init__(self, store: Store, pair: tuple[str, str]) -> None:
        self._store, self._pair = store, pair

    def __getattr__(self, operation: str) -> Any:
        def call(*, Bucket: str, **request: Any) -> Any:  # noqa: N803
            return self._store.call(self._pair, operation, Bucket, request)

        return call


class Played:
    """Runs of `deploy` on one store and one AWS account."""

    def __init__(self, **changes: Any) -> None:
        self.store, self.aws = Store(), AwsAccount()
        self.notes: list[str] = []
        self.findings: list[CheckResult] = []
        self.asked = 0
        self.pair = PAIR
        self.parameters: dict[str, str] = {}
        self._changes = changes

    def parts(self) -> CompatibleParts:
        """The parts as a new run opens them."""
        table = {
            "endpoint": "https://s3.example.com", "region": "us-east-1", "public_bucket": PUBLIC,
            "public_url": "https://cdn.example.com", **self._changes,
        }  # fmt: skip
        values = described(compatible=table, parameters=self.parameters)
        del values["r2"]
        described_store = parse(values, Path("store.toml"))
        assert isinstance(described_store.place, CompatibleSettings)
        account: Any = self.aws
        secret = secret_of(described_store, "R2SecretName", "r2")
        access = StoreAccess(described_store.place, account, secret, self.store.open, self._ask)
        return CompatibleParts(described_store, access, self.notes.append, self.findings.append, API)

    def _ask(self) -> tuple[str, str]:
        self.asked += 1
        return self.pair


def test_a_first_run_makes_everything_and_a_second_one_asks_for_nothing() -> None:
    played = Played(cloudfront_distribution="E1EXAMPLE23456")

    first, second = make(played.parts()), make(played.parts())

    assert len(first) == 6
    assert second == []
    assert played.asked == 1
    assert json.loads(played.aws.secrets[SECRET]) == dict(
        zip(("access_key_id", "secret_access_key"), PAIR, strict=True)
    )
    assert set(played.store.buckets) == {PRIVATE, PUBLIC}
    assert played.store.buckets[PRIVATE]["objects"] == {}
    assert "https://app.example.com" in str(played.store.buckets[PRIVATE]["cors"])
    assert played.notes == []
    assert played.parts().parameters() == {
        "ByteStore": "compatible",
        "R2Endpoint": "https://s3.example.com",
        "R2Region": "us-east-1",
        "PrivateBucket": PRIVATE,
        "PublicBucket": PUBLIC,
        "PublicUrl": "https://cdn.example.com",
        "CloudFrontDistributionId": "E1EXAMPLE23456",
    }


@pytest.mark.parametrize(
    ("code", "status"), [("NotImplemented", 501), ("MethodNotAllowed", 405), ("AccessDenied", 403)]
)
def test_rules_that_the_store_does_not_keep_are_named_once_and_stop_nothing(code: str, status: int) -> None:
    played = Played()
    for name in ("cors", "lifecycle_configuration"):
        played.store.refuses[f"put_bucket_{name}"] = (code, status)
        played.store.refuses[f"get_bucket_{name}"] = (code, status)
    parts = played.parts()

    make(parts)
    make(parts)

    assert len(played.notes) == 3
    assert all(code in note for note in played.notes)
    assert "transforms/" in played.notes[0]
    assert SECRET in played.aws.secrets


def test_a_bucket_that_the_store_does_not_create_has_to_be_made_by_hand() -> None:
    played = Played()
    played.store.refuses["create_bucket"] = ("AccessDenied", 403)

    with pytest.raises(UsageError, match=r"image-store-private.*console"):
        make(played.parts())

    assert played.aws.secrets == {}
    played.store.buckets = {PRIVATE: {"objects": {}}, PUBLIC: {"objects": {}}}
    assert len(make(played.parts())) == 4


def test_a_store_that_replaces_objects_is_refused_before_anything_uses_it() -> None:
    played = Played()
    played.store.replaces = True

    with pytest.raises(UsageError, match="conditional put"):
        make(played.parts())

    assert played.aws.secrets == {}
    assert played.store.buckets[PRIVATE]["objects"] == {}


def test_a_key_pair_that_the_store_refuses_is_not_written() -> None:
    played = Played()
    played.pair = ("access", "wrong")

    with pytest.raises(UsageError, match=r"does not accept the key pair: .*SignatureDoesNotMatch"):
        make(played.parts())

    assert played.aws.secrets == {}
    assert played.store.buckets == {}


def test_a_key_pair_that_stopped_working_is_asked_for_again() -> None:
    played = Played()
    make(played.parts())
    played.pair = ("access", "new")
    played.store.pairs = {played.pair}

    changes = make(played.parts())

    assert changes == [f"your key pair of https://s3.example.com → secret {SECRET}"]
    assert json.loads(played.aws.secrets[SECRET])["secret_access_key"] == "new"


def test_a_secret_that_could_not_be_written_is_written_by_the_next_run() -> None:
    played = Played()
    played.aws.is_full = True
    with pytest.raises(CommandError, match="LimitExceeded"):
        make(played.parts())
    played.aws.is_full = False

    assert len(make(played.parts())) == 1
    assert SECRET in played.aws.secrets


def test_the_secret_goes_with_the_deployment_and_the_buckets_stay() -> None:
    played = Played()
    make(played.parts())
    parts = played.parts()
    removed: list[str] = []

    removal = removal_of(parts, played.aws)
    assert removal.goes() == [f"the secret {SECRET}, after 7 days"]
    removal.act(lambda part, _: removed.append(part))

    assert removed == ["secret"]
    assert played.aws.scheduled == {SECRET}
    assert parts.exists(PRIVATE)


@pytest.mark.parametrize("is_whole", [True, False], ids=["refused pair", "no pair"])
def test_a_secret_that_the_file_names_is_not_replaced_if_it_does_not_work(*, is_whole: bool) -> None:
    played = Played()
    played.parameters = {"R2SecretName": "shared/r2"}
    content = {"access_key_id": "theirs", "secret_access_key": "theirs"} if is_whole else {"token": "theirs"}
    played.aws.secrets["shared/r2"] = json.dumps(content)

    with pytest.raises(UsageError, match="shared/r2"):
        make(played.parts())

    assert json.loads(played.aws.secrets["shared/r2"]) == content


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"endpoint": "http://s3.example.com"}, "compatible.endpoint must be"),
        ({"endpoint": "https://s3.example.com/path"}, "compatible.endpoint must be"),
        ({"kind": "r2"}, "compatible.kind must be one of"),
        ({"public_url": ""}, "compatible.public_url must be"),
        ({"cloudfront_distribution": "x"}, "compatible.cloudfront_distribution must be"),
    ],
)
def test_a_table_with_a_wrong_setting_names_it(changes: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Played(**changes).parts()


def test_an_endpoint_stands_in_one_place() -> None:
    values = described(
        compatible={"endpoint": "https://s3.example.com"},
        parameters={"R2Endpoint": "https://other.example.com"},
    )
    del values["r2"]

    with pytest.raises(UsageError, match=r"remove parameters\.R2Endpoint"):
        parse(values, Path("store.toml"))
