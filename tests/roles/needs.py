"""IAM permissions that calls of AWS clients need, from the service authorization reference.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.roles.evaluation import ACCOUNT, IN_OWN_ACCOUNT, REGION, Need

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from botocore.exceptions import ClientError

type Request = Mapping[str, Any]

_ROWS = {
    "get_item": "GetItem",
    "put_item": "PutItem",
    "update_item": "UpdateItem",
    "delete_item": "DeleteItem",
    "query": "Query",
    "scan": "Scan",
    "describe_table": "DescribeTable",
}
_IN_TRANSACTIONS = {
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
_MISSING = {"NoSuchKey", "404", "NoSuchVersion"}


def needs_of(service: str, operation: str, request: Request) -> list[Need]:
    """The permissions that a call always needs; KeyError for a call that is not yet listed here."""
    return list(_SERVICES[service](operation, request))


def needs_of_failure(service: str, request: Request, error: ClientError) -> list[Need]:
    """The permissions needed to get this error: without permission to list, S3 answers 403 for a missing object."""
    if service != "s3" or error.response["Error"]["Code"] not in _MISSING:
        return []
    action = "s3:ListBucketVersions" if "VersionId" in request else "s3:ListBucket"
    bucket = request["CopySource"]["Bucket"] if "CopySource" in request else request["Bucket"]
    return [Need(action, f"arn:aws:s3:::{bucket}", IN_OWN_ACCOUNT)]


def _dynamodb(operation: str, request: Request) -> Iterator[Need]:
    match operation:
        case "batch_get_item":
            for table in request["RequestItems"]:
                yield Need("dynamodb:BatchGetItem", _table(table))
        case "batch_write_item":
            for table in request["RequestItems"]:
                yield Need("dynamodb:BatchWriteItem", _table(table))
        case "transact_get_items" | "transact_write_items":
            for each in request["TransactItems"]:
                for kind, one in each.items():
                    yield Need(f"dynamodb:{_IN_TRANSACTIONS[kind]}", _table(one["TableName"]))
        case _:
            index = f"/index/{request['IndexName']}" if "IndexName" in request else ""
            partition = request.get("Key", {}).get("pk")  # a table that is migrated has other keys
            leading = (("dynamodb:LeadingKeys", partition["S"]),) if partition is not None else ()
            yield Need(f"dynamodb:{_ROWS[operation]}", f"{_table(request['TableName'])}{index}", leading)


def _table(name: str) -> str:
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"


def _s3(operation: str, request: Request) -> Iterator[Need]:
    bucket = f"arn:aws:s3:::{request['Bucket']}"
    listing = (*IN_OWN_ACCOUNT, ("s3:prefix", str(request.get("Prefix"))))
    match operation:
        case "get_object" | "head_object":
            action = "s3:GetObjectVersion" if "VersionId" in request else "s3:GetObject"
            yield Need(action, f"{bucket}/{request['Key']}", IN_OWN_ACCOUNT)
        case "put_object":
            yield Need("s3:PutObject", f"{bucket}/{request['Key']}", IN_OWN_ACCOUNT)
        case "copy_object":
            source = request["CopySource"]
            yield Need("s3:GetObject", f"arn:aws:s3:::{source['Bucket']}/{source['Key']}", IN_OWN_ACCOUNT)
            yield Need("s3:PutObject", f"{bucket}/{request['Key']}", IN_OWN_ACCOUNT)
        case "delete_object":
            yield Need("s3:DeleteObject", f"{bucket}/{request['Key']}", IN_OWN_ACCOUNT)
        case "delete_objects":
            for each in request["Delete"]["Objects"]:
                yield Need("s3:DeleteObject", f"{bucket}/{each['Key']}", IN_OWN_ACCOUNT)
        case "list_objects_v2":
            yield Need("s3:ListBucket", bucket, listing)
        case "list_object_versions":
            yield Need("s3:ListBucketVersions", bucket, listing)
        case _:
            raise KeyError(operation)


def _sqs(operation: str, request: Request) -> Iterator[Need]:
    actions = {
        "send_message": "SendMessage",
        "send_message_batch": "SendMessage",
        "get_queue_attributes": "GetQueueAttributes",
    }
    queue = request["QueueUrl"].rpartition("/")[2]
    yield Need(f"sqs:{actions[operation]}", f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}")


def _kms(operation: str, request: Request) -> Iterator[Need]:
    actions = {"generate_data_key": "GenerateDataKey", "decrypt": "Decrypt"}
    context = tuple(
        (f"kms:EncryptionContext:{name}", value) for name, value in request["EncryptionContext"].items()
    )
    yield Need(f"kms:{actions[operation]}", request["KeyId"], context)


def _secretsmanager(operation: str, request: Request) -> Iterator[Need]:
    actions = {"get_secret_value": "GetSecretValue"}
    secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{request['SecretId']}-AbCdEf"
    yield Need(f"secretsmanager:{actions[operation]}", secret)


def _ssm(operation: str, request: Request) -> Iterator[Need]:
    actions = {"get_parameter": "GetParameter"}
    name = request["Name"].removeprefix("/")
    yield Need(f"ssm:{actions[operation]}", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{name}")


def _lambda(operation: str, request: Request) -> Iterator[Need]:
    actions = {"invoke": "InvokeFunction"}
    function = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{request['FunctionName']}"
    yield Need(f"lambda:{actions[operation]}", function)


def _cloudfront(operation: str, request: Request) -> Iterator[Need]:
    actions = {"create_invalidation": "CreateInvalidation"}
    distribution = f"arn:aws:cloudfront::{ACCOUNT}:distribution/{request['DistributionId']}"
    yield Need(f"cloudfront:{actions[operation]}", distribution)


def _events(operation: str, request: Request) -> Iterator[Need]:
    actions = {"put_events": "PutEvents"}
    for entry in request["Entries"]:
        bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{entry['EventBusName']}"
        yield Need(f"events:{actions[operation]}", bus)


_SERVICES: dict[str, Callable[[str, Request], Iterator[Need]]] = {
    "dynamodb": _dynamodb,
    "s3": _s3,
    "cloudfront": _cloudfront,
    "events": _events,
    "sqs": _sqs,
    "kms": _kms,
    "secretsmanager": _secretsmanager,
    "ssm": _ssm,
    "lambda": _lambda,
}
