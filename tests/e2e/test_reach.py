"""What the functions' roles and the R2 key pair may do, called with their own credentials."""

from __future__ import annotations

import hashlib
import json
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.settings import R2_SECRET
from tests.e2e.environment import function_name
from tests.e2e.test_images import UNKNOWN_ID

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import Stack

DENIED = {"AccessDenied", "AccessDeniedException"}
ANSWERED = {None, "NoSuchKey"}
"""What somebody hears who may call: at most that there is no such object."""
NOBODYS = {"pk": {"S": "IMAGE#of-nobody"}, "sk": {"S": "META"}}

type Call = Callable[["Holder"], object]


@dataclass(frozen=True)
class Holder:
    """Whoever holds some credentials, and the names of what may be out of reach."""

    stack: Stack
    credentials: dict[str, str]

    def client(self, service: str) -> Any:
        """Answer a client that signs with these credentials."""
        described = self.stack.described
        return boto3.client(
            service,
            endpoint_url=described["s3_endpoint"],
            region_name=described["region"],
            **self.credentials,
        )

    def table(self, operation: str, **request: Any) -> object:
        """Call DynamoDB on the store's table."""
        return getattr(self.client("dynamodb"), operation)(TableName=self.stack.described["table"], **request)

    def query(self, index: str | None = None) -> object:
        """Ask the table or an index for a partition that is empty."""
        name = {None: "pk", "by_owner": "owner_key", "due": "due_shard"}[index]
        return self.table(
            "query",
            KeyConditionExpression=f"{name} = :nobody",
            ExpressionAttributeValues={":nobody": {"S": "nobody"}},
            **({} if index is None else {"IndexName": index}),
        )

    def bucket(self, operation: str, bucket: str, **request: Any) -> object:
        """Call S3 on a bucket, which goes by its name in `stack.json`."""
        return getattr(self.client("s3"), operation)(Bucket=self.stack.described[bucket], **request)

    def secret(self, name: str) -> object:
        """Read a secret of the stack."""
        return self.client("secretsmanager").get_secret_value(
            SecretId=f"{self.stack.described['stack_name']}/{name}"
        )

    def queue(self, operation: str, name: str, **request: Any) -> object:
        """Call SQS on a queue, which goes by its name in the template."""
        urls = self.stack.client("sqs").list_queues()["QueueUrls"]
        [url] = [url for url in urls if f"-{name}-" in url]
        return getattr(self.client("sqs"), operation)(QueueUrl=url, **request)


def get(holder: Holder) -> object:
    return holder.table("get_item", Key=NOBODYS)


def put(holder: Holder) -> object:
    return holder.table("put_item", Item=NOBODYS)


def delete(holder: Holder) -> object:
    return holder.table("delete_item", Key=NOBODYS)


def scan(holder: Holder) -> object:
    return holder.table("scan", Limit=1)


def signing_secret(holder: Holder) -> object:
    return holder.secret("signing")


def r2_secret(holder: Holder) -> object:
    return holder.secret("r2")


def providers_secret(holder: Holder) -> object:
    return holder.secret("providers")


def invoke(folder: str) -> Call:
    def call(holder: Holder) -> object:
        name = function_name(holder.stack, folder)
        return holder.client("lambda").invoke(FunctionName=name, Payload=b"{}")

    return call


def sealing_key(stack: Stack) -> str:
    """The KMS key that seals what owners entrust to the store."""
    functions = stack.client("lambda")
    configuration = functions.get_function_configuration(FunctionName=function_name(stack, "generate"))
    return str(configuration["Environment"]["Variables"]["SECRETS_KEY"])


def seal(**context: str) -> Call:
    def call(holder: Holder) -> object:
        key = sealing_key(holder.stack)
        return holder.client("kms").generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext=context)

    return call


def unseal(**context: str) -> Call:
    def call(holder: Holder) -> object:
        request = {"KeyId": sealing_key(holder.stack), "EncryptionContext": context}
        sealed = holder.stack.client("kms").generate_data_key(**request, KeySpec="AES_256")
        return holder.client("kms").decrypt(**request, CiphertextBlob=sealed["CiphertextBlob"])

    return call


seal_image, unseal_image = seal(purpose="image"), unseal(purpose="image")
seal_wish, unseal_wish = seal(purpose="generation"), unseal(purpose="generation")
seal_key, unseal_key = seal(purpose="provider-key"), unseal(purpose="provider-key")
seal_webhook, unseal_webhook = seal(purpose="webhook"), unseal(purpose="webhook")


def read_ingested(holder: Holder) -> object:
    return holder.bucket("get_object", "ingest_bucket", Key="ingest/nobody/none.jpg")


def list_ingested(holder: Holder) -> object:
    return holder.bucket("list_objects_v2", "ingest_bucket", Prefix="ingest/")


def list_beside_ingested(holder: Holder) -> object:
    return holder.bucket("list_objects_v2", "ingest_bucket", Prefix="elsewhere/")


def read_beside_ingested(holder: Holder) -> object:
    return holder.bucket("get_object", "ingest_bucket", Key="elsewhere/none.jpg")


def read_to_migrate(holder: Holder) -> object:
    return holder.bucket("get_object", "ingest_bucket", Key="migrations/none.jsonl")


def drop(holder: Holder) -> object:
    return holder.bucket("put_object", "ingest_bucket", Key="ingest/nobody/none.jpg", Body=b"")


def list_versions_ingested(holder: Holder) -> object:
    return holder.bucket("list_object_versions", "ingest_bucket", Prefix="ingest/")


def list_private(holder: Holder) -> object:
    return holder.bucket("list_objects_v2", "private_bucket")


def query_owners(holder: Holder) -> object:
    return holder.query("by_owner")


def query_due(holder: Holder) -> object:
    return holder.query("due")


def send(queue: str, body: str = "{}") -> Call:
    return lambda holder: holder.queue("send_message", queue, MessageBody=body)


def look_at(queue: str) -> Call:
    return lambda holder: holder.queue("get_queue_attributes", queue)


def receive(queue: str) -> Call:
    return lambda holder: holder.queue("receive_message", queue)


def send_event(holder: Holder) -> object:
    """Put an event on the stack's bus for which nobody has a rule."""
    entry = {
        "EventBusName": holder.stack.described["stack_name"],
        "Source": "nobody",
        "DetailType": "nothing",
        "Detail": "{}",
    }
    return holder.client("events").put_events(Entries=[entry])


announce_nothing = send("IngestQueue", json.dumps({"Records": []}))
work_on_nothing = send("WorkQueue", json.dumps({"work": "CompleteUpload", "image_id": UNKNOWN_ID}))
generate_nothing = send(
    "GenerationQueue", json.dumps({"work": "GenerateImage", "job_id": UNKNOWN_ID, "index": 0})
)
back_up_nothing = send("BackupQueue", json.dumps({"work": "BackupStep", "job_id": UNKNOWN_ID, "step": 1}))
deliver_nothing = send("DeliveryQueue", json.dumps({"work": "DeliverWebhook", "webhook_id": UNKNOWN_ID}))

REACH: dict[str, tuple[list[Call], list[Call]]] = {
    "upload": (
        [get, Holder.query, delete, r2_secret, seal_image, unseal_image],
        [scan, query_owners, signing_secret, read_ingested, send("WorkQueue"), seal(), unseal_key],
    ),
    "direct": (
        [get, Holder.query, delete, r2_secret, work_on_nothing, seal_image, unseal_image],
        [scan, query_owners, signing_secret, receive("WorkQueue"), send("IngestQueue"), unseal_wish],
    ),
    "retrieve": (
        [get, Holder.query, r2_secret, unseal_image],
        [put, delete, scan, query_owners, signing_secret, seal_image, unseal(), unseal_key, unseal_wish],
    ),
    "list": ([Holder.query, query_owners, r2_secret, signing_secret], [get, put, delete, scan, query_due]),
    "update": (
        [get, Holder.query, delete, r2_secret, unseal_image],
        [scan, query_due, signing_secret, send("WorkQueue"), seal_image, unseal_wish],
    ),
    "delete": (
        [get, delete, r2_secret, signing_secret, unseal_image],
        [scan, query_owners, query_due, seal_image, unseal_key],
    ),
    "search": ([get, Holder.query, r2_secret, signing_secret], [put, delete, scan, query_owners, query_due]),
    "feed": ([Holder.query, r2_secret, signing_secret], [get, put, delete, scan, query_owners, query_due]),
    "events": (
        [Holder.query, signing_secret],
        [get, put, delete, scan, query_owners, query_due, r2_secret, send_event, send("WorkQueue")],
    ),
    "stats": ([get, Holder.query], [put, delete, scan, query_owners, query_due, r2_secret, signing_secret]),
    "links": ([get, Holder.query, r2_secret, signing_secret], [put, delete, scan, query_owners]),
    "share": ([get, put, Holder.query, signing_secret], [delete, scan, query_owners, r2_secret]),
    "authorize": ([get, signing_secret], [put, delete, Holder.query, scan, query_owners, r2_secret]),
    "keys": ([get, put, Holder.query, signing_secret], [delete, scan, query_owners, r2_secret]),
    "webhooks": (
        [get, put, delete, Holder.query, signing_secret, seal_webhook, deliver_nothing],
        [
            scan,
            query_owners,
            r2_secret,
            unseal_webhook,
            seal_key,
            receive("DeliveryQueue"),
            send("WorkQueue"),
        ],
    ),
    "deliver": (
        [get, put, delete, Holder.query, unseal_webhook, look_at("DeliveryQueue"), deliver_nothing],
        [scan, query_owners, r2_secret, signing_secret, seal_webhook, unseal_key, send("WorkQueue")],
    ),
    "health": (
        [get, query_due, r2_secret, signing_secret, providers_secret, look_at("WorkQueue")],
        [put, delete, Holder.query, scan, query_owners, receive("WorkQueue"), send("IngestQueue")],
    ),
    "site": ([], [get, Holder.query, scan, r2_secret, signing_secret]),
    "cleanup": (
        [
            get,
            scan,
            delete,
            query_due,
            query_owners,
            list_versions_ingested,
            r2_secret,
            announce_nothing,
            generate_nothing,
            work_on_nothing,
        ],
        [
            signing_secret,
            unseal_image,
            read_ingested,
            list_ingested,
            drop,
            receive("IngestQueue"),
        ],
    ),
    "admin": (
        [get, scan, delete, query_due, query_owners, r2_secret, work_on_nothing, back_up_nothing],
        [signing_secret, list_versions_ingested, send("IngestQueue")],
    ),
    "backup": (
        [get, scan, delete, query_due, r2_secret, look_at("BackupQueue"), back_up_nothing],
        [
            query_owners,
            Holder.query,
            signing_secret,
            unseal_image,
            unseal_key,
            read_ingested,
            send("WorkQueue"),
        ],
    ),
    "ingest": (
        [get, delete, r2_secret, read_ingested, list_ingested, look_at("IngestQueue")],
        [scan, signing_secret, read_beside_ingested, list_beside_ingested, drop, look_at("WorkQueue")],
    ),
    "migrate": (
        [get, Holder.query, delete, r2_secret, read_to_migrate, work_on_nothing, seal_image],
        [scan, query_owners, signing_secret, read_ingested, list_ingested, drop, unseal_image],
    ),
    "imports": (
        [get, Holder.query, work_on_nothing],
        [scan, delete, query_owners, r2_secret, signing_secret, read_to_migrate, drop],
    ),
    "recovery": ([get, work_on_nothing], [scan, Holder.query, delete, r2_secret, signing_secret, drop]),
    "work": (
        [get, scan, delete, r2_secret, read_to_migrate, look_at("WorkQueue"), work_on_nothing, seal_image],
        [signing_secret, read_ingested, list_ingested, drop, send("IngestQueue"), unseal_image],
    ),
    "generations": (
        [
            get,
            Holder.query,
            delete,
            query_owners,
            signing_secret,
            seal_key,
            seal_wish,
            unseal_wish,
            generate_nothing,
        ],
        [
            scan,
            query_due,
            r2_secret,
            providers_secret,
            seal_image,
            unseal_key,
            unseal_image,
            receive("GenerationQueue"),
            send("WorkQueue"),
        ],
    ),
    "openai": (
        [
            get,
            Holder.query,
            delete,
            r2_secret,
            signing_secret,
            seal_wish,
            generate_nothing,
            invoke("authorize"),
        ],
        [
            scan,
            query_owners,
            query_due,
            providers_secret,
            seal_key,
            seal_image,
            unseal_wish,
            unseal_image,
            receive("GenerationQueue"),
            send("WorkQueue"),
            invoke("render"),
        ],
    ),
    "mcp": (
        [],
        [get, put, delete, scan, Holder.query, query_owners, r2_secret, signing_secret, send("WorkQueue")],
    ),
    "generate": (
        [
            get,
            Holder.query,
            delete,
            r2_secret,
            providers_secret,
            unseal_key,
            unseal_wish,
            seal_image,
            generate_nothing,
        ],
        [scan, query_owners, signing_secret, seal_key, unseal_image, read_ingested, drop, send("WorkQueue")],
    ),
    "render": ([get, Holder.query, r2_secret], [delete, scan, query_owners, signing_secret]),
    "project": (
        [get, delete, send_event, send("ProjectionDeadLetterQueue"), deliver_nothing],
        [scan, Holder.query, query_owners, r2_secret, signing_secret, send("WorkQueue")],
    ),
    "audit": (
        [send("AuditDeadLetterQueue")],
        [get, put, delete, scan, Holder.query, query_owners, r2_secret, signing_secret, send("WorkQueue")],
    ),
    "rebuild": (
        [get, scan, delete],
        [query_owners, r2_secret, signing_secret, send("ProjectionDeadLetterQueue"), send("WorkQueue")],
    ),
}
"""Of each function: calls inside of its policy, and calls outside of it. None of them would change an image."""


def code_of(call: Call, holder: Holder) -> str | None:
    """The code of the error that a call is answered with, None when it succeeds."""
    try:
        call(holder)
    except ClientError as refused:
        return str(refused.response["Error"]["Code"])
    return None


def holder_of(stack: Stack, folder: str) -> Holder:
    """Somebody with the role of a function; the emulator lets its root take any role that a service may take."""
    name = function_name(stack, folder)
    role = stack.client("lambda").get_function_configuration(FunctionName=name)["Role"]
    credentials = stack.client("sts").assume_role(RoleArn=role, RoleSessionName=f"reach-of-{folder}")[
        "Credentials"
    ]
    return Holder(
        stack,
        {
            "aws_access_key_id": credentials["AccessKeyId"],
            "aws_secret_access_key": credentials["SecretAccessKey"],
            "aws_session_token": credentials["SessionToken"],
        },
    )


@pytest.mark.parametrize("folder", REACH)
def test_a_function_may_call_what_its_policy_names_and_nothing_else(stack: Stack, folder: str) -> None:
    inside, outside = REACH[folder]
    holder = holder_of(stack, folder)

    answered = [code_of(call, holder) for call in inside]
    denied = [code_of(call, holder) for call in [*outside, list_private]]

    assert set(answered) <= ANSWERED, answered
    assert set(denied) <= DENIED, denied


def test_the_role_of_every_function_is_tried(stack: Stack) -> None:
    functions = stack.client("lambda").list_functions(MaxItems=100)["Functions"]

    tried = {function_name(stack, folder) for folder in REACH}

    assert tried == {function["FunctionName"] for function in functions}
    assert len({function["Role"] for function in functions}) == len(functions)


def test_nobody_can_compute_the_credentials_of_a_function(stack: Stack) -> None:
    """They were once hashes of the function's ARN and of its role's."""
    name = function_name(stack, "health")
    with urllib.request.urlopen(f"{stack.api_url}/v1/health", timeout=30) as answer:  # noqa: S310 - the stack's address
        assert answer.status == 200  # it runs, so its credentials are in use
    configuration = stack.client("lambda").get_function_configuration(FunctionName=name)
    digest = hashlib.sha256(f"{configuration['FunctionArn']}:{configuration['Role']}".encode()).hexdigest()
    guessed = Holder(
        stack,
        {
            "aws_access_key_id": f"ASIA{digest[:16].upper()}",
            "aws_secret_access_key": hashlib.sha256(f"secret:{digest}".encode()).hexdigest(),
            "aws_session_token": hashlib.sha256(f"token:{digest}".encode()).hexdigest(),
        },
    )

    assert code_of(get, guessed) == "UnrecognizedClientException"


@pytest.mark.parametrize("key", ["test", "000000000000", "local-root"])
def test_a_key_of_the_emulator_is_refused(stack: Stack, key: str) -> None:
    holder = Holder(stack, {"aws_access_key_id": key, "aws_secret_access_key": stack.described["secret_key"]})

    assert code_of(get, holder) == "UnrecognizedClientException"
    assert code_of(list_private, holder) == "InvalidAccessKeyId"
    assert code_of(lambda own: own.client("iam").list_users(), holder) == "UnrecognizedClientException"


def test_the_root_key_with_another_secret_is_refused(stack: Stack) -> None:
    pair = {"aws_access_key_id": stack.described["access_key"], "aws_secret_access_key": "another"}

    assert code_of(get, Holder(stack, pair)) == "SignatureDoesNotMatch"


def test_the_key_pair_of_r2_reaches_its_two_buckets_alone(stack: Stack) -> None:
    secret = stack.client("secretsmanager").get_secret_value(SecretId=R2_SECRET)["SecretString"]
    pair = json.loads(secret)
    holder = Holder(
        stack,
        {
            "aws_access_key_id": pair["access_key_id"],
            "aws_secret_access_key": pair["secret_access_key"],
        },
    )

    assert code_of(list_private, holder) is None
    assert code_of(lambda own: own.bucket("list_objects_v2", "public_bucket"), holder) is None
    for call in (list_ingested, read_ingested, list_versions_ingested, get, signing_secret):
        assert code_of(call, holder) in DENIED
