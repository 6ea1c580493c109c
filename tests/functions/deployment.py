"""The functions as they are deployed, on storage that is in memory or in moto, and the events they are sent."""

from __future__ import annotations

import base64
import importlib.util
import json
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from image_store.adapters.dynamodb.table import DynamoTable
from image_store.adapters.presign import AccessKeys
from image_store.adapters.sqs import SqsQueueDepth
from image_store.bootstrap import Application, assemble, use
from image_store.bootstrap.clients import Clients
from image_store.bootstrap.ports import Ports
from image_store.domain.generation.providers import Provider, ProviderPicture, Unit
from image_store.entrypoints.callers.actors import current_actor
from image_store.settings import Settings
from tests.fakes.cipher import CountedCipher
from tests.fakes.clock import CountedIds, SetClock
from tests.fakes.cloudfront import MemoryCloudFront
from tests.fakes.dynamodb import all_items, new_table
from tests.fakes.event_bridge import MemoryEventBridge
from tests.fakes.generations import MemoryProvider
from tests.fakes.kms_client import MemoryKms
from tests.fakes.object_store import MemoryBucket
from tests.fakes.presigner import MemoryPresigner
from tests.fakes.queues import MemoryDeadLetters, MemoryIngestEvents, MemoryWorkQueue, QueuesClient
from tests.fakes.rows import DynamoRows
from tests.fakes.s3_client import MemoryS3
from tests.functions.aws_texts import LambdaClient, ParametersClient, SecretsClient
from tests.functions.buckets import IngestBucket, RepeatedPuts
from tests.functions.depths import DEPTHS
from tests.roles.comparison import IN_S3, USED
from tests.roles.enforcement import Gate, Guarded, GuardedBuckets
from tests.roles.evaluation import ACCOUNT, IN_OWN_ACCOUNT, REGION, Need, Roles
from tests.site_bundle import built_site

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from image_store.ports.queues import QueueDepth
    from image_store.settings.byte_stores import ByteStoreSettings
    from image_store.settings.storage import StorageSettings
    from tests.fakes.rows import Rows

ROOT = Path(__file__).resolve().parents[2]
EVENTS = ROOT / "events"
FUNCTIONS = ROOT / "functions"

IMAGE_ID = "019ca945-0a00-7000-8000-000000000001"
"""The id of the first image that a deployment of the tests stores; the events name it."""

CDN = "https://cdn.example.com"
API = "https://abcdef1234.execute-api.eu-central-1.amazonaws.com"
INGEST_BUCKET = "image-store-ingest-123456789012-eu-central-1"
QUEUES = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}"
ENVIRONMENT = {
    "PRIVATE_BUCKET": "private",
    "PUBLIC_BUCKET": "public",
    "PUBLIC_URL": CDN,
    "INGEST_BUCKET": INGEST_BUCKET,
    "SIGNING_SECRET": "image-store/signing",
    "PROVIDERS_SECRET": "image-store/providers",
    "IMPORT_SECRET": "image-store/imports",
    "R2_SECRET": "image-store/r2",
    "BACKUP_SECRET": "image-store/backup",
    "STACK_NAME": "image-store",
    "SECRETS_KEY": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/SecretsKey",
    "INGEST_QUEUE_URL": f"{QUEUES}/IngestQueue",
    "DEAD_LETTER_QUEUE_URL": f"{QUEUES}/DeadLetterQueue",
    "WORK_QUEUE_URL": f"{QUEUES}/WorkQueue",
    "GENERATION_QUEUE_URL": f"{QUEUES}/GenerationQueue",
    "DELIVERY_QUEUE_URL": f"{QUEUES}/DeliveryQueue",
    "RENDER_FUNCTION": "image-store-render",
    "AUTHORIZE_FUNCTION": "image-store-authorize",
    "OPENAI_URL_PARAMETER": "/image-store/openai-url",
}
FUNCTION_TIME = timedelta(seconds=29)

_loaded: dict[str, ModuleType] = {}


@dataclass(frozen=True, slots=True)
class Context:
    """What Lambda tells a function of its invocation."""

    remaining: timedelta = FUNCTION_TIME
    function_name: str = "image-store-function"
    memory_limit_in_mb: int = 3008
    invoked_function_arn: str = "arn:aws:lambda:eu-central-1:123456789012:function:image-store-function"
    aws_request_id: str = "8f5a1f6e-0000-4000-8000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        return int(self.remaining.total_seconds() * 1000)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a function of the HTTP API answers."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.text)


def _picture_of(provider: Provider) -> Callable[[object], ProviderPicture]:
    usage = {Unit.IMAGE: 1} if provider is Provider.POLLINATIONS else None
    return lambda _: ProviderPicture(data=sent_bytes("upload/raw"), usage=usage)


class DeploymentClients(Clients):
    """Clients in memory. Each call to AWS passes the gate: a call that the role does not allow fails the test."""

    def __init__(self, deployment: Deployment, storage: StorageSettings) -> None:
        super().__init__(storage)
        self._deployment = deployment

    @property
    def dynamodb(self) -> Any:
        return self._guarded("dynamodb", self._deployment.client)

    @property
    def s3(self) -> Any:
        return self._guarded("s3", MemoryS3({INGEST_BUCKET: self._deployment.dropped}))

    @property
    def sqs(self) -> Any:
        return self._guarded("sqs", self._deployment.queues_client)

    @property
    def kms(self) -> Any:
        return self._guarded("kms", self._deployment.kms_client)

    @property
    def cloudfront(self) -> Any:
        return self._guarded("cloudfront", self._deployment.cloudfront)

    @property
    def lambda_(self) -> Any:
        return self._guarded("lambda", self._deployment.lambda_client)

    def client(self, service: str, *, read_timeout: int = 5, attempts: int = 3) -> Any:
        bridge = self._deployment.event_bridge
        clients = {"secretsmanager": SecretsClient(), "ssm": ParametersClient(), "events": bridge}
        return self._guarded(service, clients[service])

    def objects(self, store: ByteStoreSettings) -> Any:
        self.access_keys(store)
        gate = self._deployment.objects_gate
        client = GuardedBuckets(MemoryS3(self._deployment.buckets), gate)
        return RepeatedPuts(client) if self._deployment.repeats_puts else client

    def access_keys(self, store: ByteStoreSettings) -> AccessKeys:
        return super().access_keys(store) if store.secret else AccessKeys("id", "secret", "token")

    def forget(self) -> None:
        """Forget what a process reads once: each invocation is that of a new process."""
        for name in ("secrets", "parameters", "private_objects", "public_objects"):
            self.__dict__.pop(name, None)

    def _guarded(self, service: str, client: Any) -> Any:
        return Guarded(service, client, self._deployment.gate)


class DeploymentPorts(Ports):
    """The ports of a deployment, with only the queue depths that the test sets."""

    clients: DeploymentClients

    def __init__(self, deployment: Deployment, settings: Settings) -> None:
        clients = DeploymentClients(deployment, settings.storage)
        super().__init__(settings, clients)
        self._deployment = deployment
        self.clock = deployment.set_clock
        self.ids = CountedIds(deployment.set_clock, first=deployment.first_id)
        self.presigner = MemoryPresigner(deployment.buckets, sign=self._sign)
        self.image_providers = deployment.providers

    def _sign(self, action: str, bucket: str, key: str) -> None:
        """Take the keys that sign; a link that a role signs can do what the role may do."""
        self.clients.access_keys(self._settings.storage.private_store)
        self._deployment.objects_gate.check(Need(action, f"arn:aws:s3:::{bucket}/{key}", IN_OWN_ACCOUNT))

    @cached_property
    def repository(self) -> Rows:
        return DynamoRows(
            DynamoTable(self._settings.storage.table, client=lambda: self.clients.dynamodb),
            actor=current_actor,
        )

    @cached_property
    def cipher(self) -> CountedCipher:
        return CountedCipher(self._settings.encryption.key, client=lambda: self.clients.kms)

    @property
    def queue_depths(self) -> Mapping[str, QueueDepth]:
        return {
            name: SqsQueueDepth(f"{QUEUES}/{DEPTHS[name]}", client=lambda: self.clients.sqs)
            for name in self._deployment.depths
        }


class Deployment:
    """The application on clients in memory; adapters, services and everything above them are the real ones."""

    def __init__(self, client: Any, **environment: str) -> None:
        self.client = client
        self.table = new_table(client)
        self.environment = ENVIRONMENT | {"TABLE_NAME": self.table} | environment
        self.set_clock = SetClock()
        self.first_id = 1
        peers: dict[str, MemoryBucket] = {}
        self.private_bucket = MemoryBucket("private", clock=self.set_clock, peers=peers)
        self.public_bucket = MemoryBucket("public", clock=self.set_clock, peers=peers)
        self.dropped = IngestBucket("ingest", clock=self.set_clock)
        self.backup_bucket = MemoryBucket("backup", clock=self.set_clock, peers=peers)
        peers |= {each.name: each for each in (self.private_bucket, self.public_bucket, self.backup_bucket)}
        self.buckets = peers
        self.noted, self.handed_over = MemoryDeadLetters(), MemoryWorkQueue()
        self.announced = MemoryIngestEvents()
        self.depths: dict[str, QueueDepth] = {}
        self.lambda_client = LambdaClient(self)
        self.to_generate = MemoryWorkQueue()
        self.to_back_up, self.to_deliver = MemoryWorkQueue(), MemoryWorkQueue()
        self.providers = {provider: MemoryProvider(_picture_of(provider)) for provider in Provider}
        self.kms_client = MemoryKms()
        self.cloudfront = MemoryCloudFront()
        self.event_bridge: Any = MemoryEventBridge()
        self.queues_client = QueuesClient(
            works={
                "WorkQueue": self.handed_over,
                "GenerationQueue": self.to_generate,
                "BackupQueue": self.to_back_up,
                "DeliveryQueue": self.to_deliver,
            },
            dead_letters={"DeadLetterQueue": self.noted},
            events={"IngestQueue": self.announced},
            depth=lambda queue: next(
                self.depths[name] for name, named in DEPTHS.items() if named == queue and name in self.depths
            ),
        )
        parameters = {
            "MigrationTable": self.environment.get("MIGRATION_TABLE", ""),
            "BackupStore": self.environment.get("BACKUP_STORE", ""),
            "ImportSecretName": self.environment.get("IMPORT_SECRET", ""),
            "CloudflareZoneId": self.environment.get("CLOUDFLARE_ZONE_ID", ""),
            "CloudFrontDistributionId": self.environment.get("CLOUDFRONT_DISTRIBUTION", ""),
            "ByteStore": self.environment.get("BYTE_STORE", "r2"),
            "PublicByteStore": self.environment.get("PUBLIC_BYTE_STORE", ""),
            "PrivateBucket": self.environment["PRIVATE_BUCKET"],
            "PublicBucket": self.environment["PUBLIC_BUCKET"],
        }
        names = {"Table": self.table, "IngestBucket": INGEST_BUCKET, "Bus": "image-store"}
        self.gate = Gate(Roles(parameters, names), USED)
        # Whichever store a test has: the calls of the buckets are those that the roles would allow in S3.
        self.repeats_puts = False
        self.objects_gate = Gate(Roles(IN_S3, names), USED)

    @cached_property
    def settings(self) -> Settings:
        return Settings.from_env(self.environment)

    @cached_property
    def ports(self) -> DeploymentPorts:
        return DeploymentPorts(self, self.settings)

    @cached_property
    def application(self) -> Application:
        return assemble(self.ports, self.settings)

    @property
    def repository(self) -> Rows:
        return self.ports.repository

    @property
    def cipher(self) -> CountedCipher:
        return self.ports.cipher

    def projected(self) -> None:
        """Let the table's stream be consumed: every record of an image, as a change of its own."""
        (change, *_) = event("project/changes")["Records"]
        records = []
        for number, item in enumerate(all_items(self.client, self.table)):
            if item["sk"]["S"] == "META":
                stream = {
                    **change["dynamodb"],
                    "Keys": {"pk": item["pk"], "sk": item["sk"]},
                    "SequenceNumber": str(number),
                }
                records.append({**change, "dynamodb": stream})
        assert self.invoke("project", {"Records": records}) == {"batchItemFailures": []}

    def invoke(self, function: str, sent: dict[str, Any], *, context: Context | None = None) -> Any:
        """Call the handler of a function; what it answers has to be JSON, as Lambda demands."""
        use(self._in_a_new_process)
        with self.gate.at_work(function), self.objects_gate.at_work(function):
            answer = loaded(function).lambda_handler(sent, context or Context())
        return json.loads(json.dumps(answer))

    def _in_a_new_process(self) -> Application:
        vars(self.ports).pop("_backup_client", None)
        self.ports.clients.forget()
        return self.application

    def call(self, sent: dict[str, Any], *, function: str, context: Context | None = None) -> Answer:
        """Call a function of the HTTP API."""
        answer = self.invoke(function, sent, context=context)
        assert not answer.get("isBase64Encoded", False)
        return Answer(answer["statusCode"], answer.get("headers", {}), answer.get("body", ""))

    def answer_to(self, name: str) -> Answer:
        """Send an event of `events/` to the function whose folder it is in."""
        return self.call(event(name), function=name.partition("/")[0])

    def is_empty(self) -> bool:
        """Whether neither the table nor a bucket of the store holds anything."""
        rows = all_items(self.client, self.table)
        return not rows and not self.private_bucket.objects and not self.public_bucket.objects

    def contents(self) -> tuple[Any, ...]:
        """All that is stored, to compare before and after."""
        rows = sorted(all_items(self.client, self.table), key=lambda item: (item["pk"]["S"], item["sk"]["S"]))
        return rows, dict(self.private_bucket.objects), dict(self.public_bucket.objects)


def event(name: str) -> dict[str, Any]:
    """An event of `events/`, by folder and case."""
    read: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text("utf-8"))
    return read


def with_query(sent: dict[str, Any], query: str) -> dict[str, Any]:
    """The same request with another query string."""
    return sent | {"rawQueryString": query}


def with_headers(sent: dict[str, Any], **headers: str) -> dict[str, Any]:
    """The same request with more headers; `_` stands for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return sent | {"headers": sent["headers"] | named}


def with_bytes(sent: dict[str, Any], data: bytes) -> dict[str, Any]:
    """The same request with another body, as the gateway hands over bytes."""
    return sent | {"body": base64.b64encode(data).decode("ascii"), "isBase64Encoded": True}


def from_owner(sent: dict[str, Any], subject: str) -> dict[str, Any]:
    """The same request of another caller."""
    changed = deepcopy(sent)
    changed["requestContext"]["authorizer"]["lambda"] |= {"name": f"subject:{subject}", "owner": subject}
    return changed


def sent_bytes(name: str) -> bytes:
    """The body of an event with a binary body."""
    return base64.b64decode(event(name)["body"])


def loaded(function: str) -> ModuleType:
    """The module of a function, loaded once under a name of its own."""
    if function not in _loaded:
        folder = built_site() if function == "site" else FUNCTIONS / function
        path = folder / "app.py"
        spec = importlib.util.spec_from_file_location(f"function_{function}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        _loaded[function] = module
    return _loaded[function]


def assert_refused(answer: Answer, status: int, code: str) -> None:
    """The answer is a problem document that says this."""
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert (answer.json["status"], answer.json["code"]) == (status, code)
    assert answer.json["request_id"] == "aBcDeFgHiJkLmNo="
