"""The gate of the function tests: what a role does not allow ends a test, as AWS would refuse it."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.fakes.kms_client import MemoryKms
from tests.roles.enforcement import Gate, Guarded, NotGranted
from tests.roles.evaluation import ACCOUNT, IN_OWN_ACCOUNT, REGION, Need, Roles
from tests.roles.needs import needs_of, needs_of_failure

TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/images"
NAMES = {"Table": "images", "IngestBucket": "ingest"}
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/SecretsKey"


@pytest.fixture
def gate() -> Gate:
    return Gate(Roles({}, NAMES))


@pytest.mark.parametrize(
    ("function", "need"),
    [
        ("list", Need("dynamodb:PutItem", TABLE)),
        ("share", Need("dynamodb:DeleteItem", TABLE)),
        ("list", Need("dynamodb:Query", f"{TABLE}/index/due")),
        ("site", Need("dynamodb:GetItem", TABLE)),
        ("upload", Need("kms:Decrypt", KEY, (("kms:EncryptionContext:purpose", "provider-key"),))),
        ("upload", Need("kms:Decrypt", KEY)),
        ("cleanup", Need("s3:ListBucketVersions", "arn:aws:s3:::ingest", (("s3:prefix", "migrations/"),))),
        ("work", Need("dynamodb:Scan", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/messages")),
        (
            "update",
            Need("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:x"),
        ),
    ],
)
def test_what_a_role_does_not_allow_is_refused(gate: Gate, function: str, need: Need) -> None:
    with gate.at_work(function), pytest.raises(NotGranted, match=need.action):
        gate.check(need)


def test_a_rendition_with_a_prompt_in_it_can_be_made(gate: Gate) -> None:
    """With ProvenanceMark=prompt, render reads the details of an image with a Query."""
    with gate.at_work("render"):
        gate.check(Need("dynamodb:Query", TABLE))

    assert {grant.action for grant in gate.used["render"]} == {"dynamodb:Query"}


def test_a_parameter_that_brings_a_statement_brings_its_grants() -> None:
    gate = Gate(Roles({"MigrationTable": "messages"}, NAMES))

    with gate.at_work("work"):
        gate.check(Need("dynamodb:Scan", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/messages"))


def test_tests_themselves_may_do_anything(gate: Gate) -> None:
    gate.check(Need("dynamodb:DeleteTable", TABLE))

    assert gate.used == {}


def test_an_invoked_function_works_in_its_own_name(gate: Gate) -> None:
    with gate.at_work("links"):
        with gate.at_work("render"):
            gate.check(Need("dynamodb:PutItem", TABLE))
        with pytest.raises(NotGranted):
            gate.check(Need("dynamodb:PutItem", TABLE))


def test_no_handler_takes_a_refusal_for_an_outage() -> None:
    assert not issubclass(NotGranted, Exception)


def test_a_transaction_needs_what_its_parts_need() -> None:
    write = {"TableName": "images"}
    request = {"TransactItems": [{"Put": write}, {"ConditionCheck": write}, {"Delete": write}]}

    needs = needs_of("dynamodb", "transact_write_items", request)

    assert [need.action for need in needs] == [
        "dynamodb:PutItem",
        "dynamodb:ConditionCheckItem",
        "dynamodb:DeleteItem",
    ]
    assert {need.resource for need in needs} == {TABLE}


def test_only_who_may_list_learns_that_an_object_is_gone() -> None:
    """Without leave to list, S3 answers 403 for what is not there."""
    gone = ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
    request = {"Bucket": "ingest", "Key": "ingest/a"}

    assert needs_of_failure("s3", request, gone) == [
        Need("s3:ListBucket", "arn:aws:s3:::ingest", IN_OWN_ACCOUNT)
    ]


def test_an_unknown_call_is_not_allowed(gate: Gate) -> None:
    with gate.at_work("upload"), pytest.raises((KeyError, AttributeError)):
        Guarded("kms", MemoryKms(), gate).schedule_key_deletion(KeyId=KEY)
