"""Call every operation the store uses through the boto3 of a built layer; nothing leaves the process.

Run as ``python -I -S pruned_clients.py FOLDER``, so that no other boto3 is in reach. Each request is built
and signed and its answer parsed; what was pruned away by mistake fails here.
"""

from __future__ import annotations

import io
import json
import sys
from typing import Any

TABLE = {"TableName": "table"}
KEY = {"pk": {"S": "IMAGE#1"}, "sk": {"S": "META"}}
VALUES = {"ExpressionAttributeValues": {":v": {"S": "1"}}}
CONDITION = {"ConditionExpression": "pk = :v", **VALUES}
BUCKET = {"Bucket": "images"}
OBJECT = {**BUCKET, "Key": "images/a/b.jpg"}
QUEUE = "https://sqs.eu-west-1.amazonaws.com/1/queue"
PATHS = {"Paths": {"Quantity": 1, "Items": ["/p/a/*"]}, "CallerReference": "1"}
CALLS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "cloudfront": [("create_invalidation", {"DistributionId": "E1", "InvalidationBatch": PATHS})],
    "dynamodb": [
        ("get_item", {**TABLE, "Key": KEY, "ConsistentRead": True}),
        ("query", {**TABLE, "IndexName": "by_owner", "KeyConditionExpression": "owner_key = :v", **VALUES}),
        ("put_item", {**TABLE, "Item": KEY, **CONDITION}),
        ("update_item", {**TABLE, "Key": KEY, "UpdateExpression": "SET a = :v", **CONDITION}),
        ("delete_item", {**TABLE, "Key": KEY, **CONDITION}),
        ("batch_get_item", {"RequestItems": {"table": {"Keys": [KEY], "ConsistentRead": True}}}),
        ("batch_write_item", {"RequestItems": {"table": [{"PutRequest": {"Item": KEY}}]}}),
        ("transact_write_items", {"TransactItems": [{"ConditionCheck": {**TABLE, "Key": KEY, **CONDITION}}]}),
    ],
    "events": [("put_events", {"Entries": [{"Source": "image-store", "DetailType": "x", "Detail": "{}"}]})],
    "lambda": [("invoke", {"FunctionName": "render", "Payload": b"{}"})],
    "s3": [
        ("put_object", {**OBJECT, "Body": b"x", "IfNoneMatch": "*", "Metadata": {"sha256": "1"}}),
        ("get_object", {**OBJECT, "VersionId": "1"}),
        ("head_object", OBJECT),
        ("copy_object", {**OBJECT, "CopySource": "images/b", "CopySourceIfMatch": "1"}),
        ("delete_object", OBJECT),
        ("delete_objects", {**BUCKET, "Delete": {"Objects": [{"Key": "a"}]}}),
        ("list_objects_v2", {**BUCKET, "Prefix": "p/"}),
        ("list_object_versions", {**BUCKET, "Prefix": "ingest/", "KeyMarker": "a", "VersionIdMarker": "1"}),
    ],
    "secretsmanager": [("get_secret_value", {"SecretId": "r2"})],
    "sqs": [("send_message", {"QueueUrl": QUEUE, "MessageBody": "x", "DelaySeconds": 1})],
    "kms": [
        ("generate_data_key", {"KeyId": "key", "KeySpec": "AES_256", "EncryptionContext": {"owner": "a"}}),
        ("decrypt", {"KeyId": "key", "CiphertextBlob": b"x", "EncryptionContext": {"owner": "a"}}),
    ],
}
BODIES = {
    "cloudfront.create_invalidation": b"<Invalidation><Id>1</Id></Invalidation>",
    "s3.copy_object": b"<CopyObjectResult><ETag>1</ETag></CopyObjectResult>",
    "s3.delete_objects": b"<DeleteResult/>",
    "s3.list_objects_v2": b"<ListBucketResult/>",
    "s3.list_object_versions": b"<ListVersionsResult/>",
}
XML_SERVICES = {"cloudfront", "s3"}


class Answer(io.BytesIO):
    """The body of a response, as botocore reads it."""

    def stream(self, **_: Any) -> Any:
        """Yield the body in one piece."""
        yield self.read()


def main() -> None:
    """Create every client, make every call, and write the calls as JSON."""
    import boto3
    from botocore.awsrequest import AWSResponse
    from botocore.config import Config

    session = boto3.Session("access", "secret", region_name="eu-west-1")
    called = []
    for service, calls in CALLS.items():
        client = session.client(service, config=Config(retries={"mode": "standard"}))
        for operation, arguments in calls:
            name = f"{service}.{operation}"
            body = BODIES.get(name, b"" if service in XML_SERVICES else b"{}")

            def answer(request: Any, *, body: bytes = body, **_: Any) -> Any:
                return AWSResponse(request.url, 200, {}, Answer(body))

            client.meta.events.register_first("before-send", answer, unique_id="answer")
            getattr(client, operation)(**arguments)
            client.meta.events.unregister("before-send", answer, unique_id="answer")
            called.append(name)
    url = session.client("s3").generate_presigned_url("get_object", Params=OBJECT, ExpiresIn=900)
    sys.stdout.write(json.dumps({"called": called, "presigned": url.split("?")[0], "boto3": boto3.__file__}))


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    main()
