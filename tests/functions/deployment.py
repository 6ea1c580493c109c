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

from image_store.adapters.dynamodb.generations import DynamoGenerations
from image_store.adapters.dynamodb.housekeeping import DynamoHousekeeping
from image_store.adapters.dynamodb.migrations import DynamoMigrations
from image_store.adapters.secrets import Secrets
from image_store.bootstrap import Application, use
from image_store.domain.providers import GeneratedImage, Provider, Unit
from image_store.entrypoints.actors import acting
from image_store.settings import Settings
from tests.fakes.cipher import MemoryCipher
from tests.fakes.dynamodb import all_items, new_table
from tests.fakes.generations import MemoryProvider
from tests.fakes.object_store import MemoryBucket, MemoryIngestBucket
from tests.fakes.queues import MemoryDeadLetters, MemoryIngestEvents, MemoryWorkQueue
from tests.fakes.rows import DynamoRows
from tests.faults.world import CountedIds, SetClock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from image_store.ports.cleanup import Housekeeping
    from image_store.ports.generation import Generations, ImageProvider
    from image_store.ports.ingest import IngestEvents, VersionedBucket
    from image_store.ports.migrations import Migrations
    from image_store.ports.objects import ObjectStore
    from image_store.ports.queues import DeadLetters, QueueDepth, WorkQueue
    from image_store.ports.system import Clock, Ids
    from tests.fakes.rows import Rows

ROOT = Path(__file__).resolve().parents[2]
EVENTS = ROOT / "events"
FUNCTIONS = ROOT / "functions"

IMAGE_ID = "019ca945-0a00-7000-8000-000000000001"
"""The id of the first image that a deployment of the tests stores; the events name it."""

CDN = "https://cdn.example.com"
API = "https://abcdef1234.execute-api.eu-central-1.amazonaws.com"
INGEST_BUCKET = "image-store-ingest-123456789012-eu-central-1"
SIGNING_SECRET = {"current": "k1", "k1": "a key of the tests"}
PROVIDERS_SECRET = dict.fromkeys(
    ("google", "openai", "cloudflare", "pollinations"), "a key of the deployment"
)
ENVIRONMENT = {
    "PRIVATE_BUCKET": "private",
    "PUBLIC_BUCKET": "public",
    "PUBLIC_URL": CDN,
    "INGEST_BUCKET": INGEST_BUCKET,
    "SIGNING_SECRET": "image-store/signing",
    "RENDER_FUNCTION": "image-store-render",
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


class _SecretsClient:
    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803 - boto3's name
        signing = SecretId == ENVIRONMENT["SIGNING_SECRET"]
        return {"SecretString": json.dumps(SIGNING_SECRET if signing else PROVIDERS_SECRET)}


def _picture_of(provider: Provider) -> Callable[[object], GeneratedImage]:
    usage = {Unit.IMAGE: 1} if provider is Provider.POLLINATIONS else None
    return lambda _: GeneratedImage(data=sent_bytes("upload/raw"), usage=usage)


class LambdaClient:
    """Invokes the functions of a deployment; `invoked` is there for tests to look at, and `fails` for them to set."""

    def __init__(self, deployment: Deployment) -> None:
        self.invoked: list[tuple[str, Any]] = []
        self.fails = False
        self._deployment = deployment

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - as boto3 has them
        sent = json.loads(Payload)
        self.invoked.append((FunctionName, sent))
        if self.fails:
            return {"StatusCode": 200, "FunctionError": "Unhandled"}
        self._deployment.invoke(FunctionName.removeprefix("image-store-"), sent)
        return {"StatusCode": 200}


class Deployment(Application):
    """The application with its parts of the tests; services and everything above them are the real ones."""

    def __init__(self, client: Any, form: dict[str, Any], **environment: str) -> None:
        self.client = client
        self.table = new_table(client, form)
        self.environment = ENVIRONMENT | {"TABLE_NAME": self.table} | environment
        self.set_clock = SetClock()
        peers: dict[str, MemoryBucket] = {}
        self.private_bucket = MemoryBucket("private", clock=self.set_clock, peers=peers)
        self.public_bucket = MemoryBucket("public", clock=self.set_clock, peers=peers)
        self.dropped = MemoryIngestBucket("ingest", clock=self.set_clock)
        peers["private"] = self.private_bucket
        self.noted = MemoryDeadLetters()
        self.handed_over = MemoryWorkQueue()
        self.announced = MemoryIngestEvents()
        self.depths: dict[str, QueueDepth] = {}
        self.lambda_client = LambdaClient(self)
        self.to_generate = MemoryWorkQueue()
        self.providers = {provider: MemoryProvider(_picture_of(provider)) for provider in Provider}

    @cached_property
    def settings(self) -> Settings:
        return Settings.from_env(self.environment)

    @cached_property
    def clock(self) -> Clock:
        return self.set_clock

    @cached_property
    def ids(self) -> Ids:
        return CountedIds(self.set_clock)

    @cached_property
    def repository(self) -> Rows:
        return DynamoRows(self.settings.table, client=lambda: self.client, actor=acting)

    @cached_property
    def housekeeping(self) -> Housekeeping:
        return DynamoHousekeeping(self.settings.table, client=lambda: self.client)

    @cached_property
    def migrations(self) -> Migrations:
        return DynamoMigrations(self.settings.table, client=lambda: self.client)

    @cached_property
    def _dynamodb(self) -> Any:
        return self.client

    @cached_property
    def private(self) -> ObjectStore:
        return self.private_bucket

    @cached_property
    def public(self) -> ObjectStore | None:
        return self.public_bucket if self.settings.public_bucket else None

    @cached_property
    def ingest_bucket(self) -> ObjectStore:
        return self.dropped

    @cached_property
    def ingest_versions(self) -> VersionedBucket:
        return self.dropped

    @cached_property
    def ingest_events(self) -> IngestEvents:
        return self.announced

    @cached_property
    def dead_letters(self) -> DeadLetters:
        return self.noted

    @cached_property
    def work_queue(self) -> WorkQueue:
        return self.handed_over

    @cached_property
    def generation_queue(self) -> WorkQueue:
        return self.to_generate

    @cached_property
    def generations(self) -> Generations:
        return DynamoGenerations(self.settings.table, client=lambda: self.client)

    @cached_property
    def cipher(self) -> MemoryCipher:
        return MemoryCipher()

    @cached_property
    def image_providers(self) -> Mapping[Provider, ImageProvider]:
        return self.providers

    @cached_property
    def _secrets(self) -> Secrets:
        return Secrets(client=_SecretsClient)

    @cached_property
    def queue_depths(self) -> Mapping[str, QueueDepth]:
        return self.depths

    def _client(self, service: str, *, read_timeout: int = 5, attempts: int = 3) -> Any:
        assert service == "secretsmanager"
        return _SecretsClient()

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

    @cached_property
    def _lambda(self) -> LambdaClient:
        return self.lambda_client

    def invoke(self, function: str, sent: dict[str, Any], *, context: Context | None = None) -> Any:
        """Call the handler of a function; what it answers has to be JSON, as Lambda demands."""
        use(self)
        answer = loaded(function).lambda_handler(sent, context or Context())
        return json.loads(json.dumps(answer))

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
    changed["requestContext"]["authorizer"]["jwt"]["claims"]["sub"] = subject
    return changed


def sent_bytes(name: str) -> bytes:
    """The body of an event with a binary body."""
    return base64.b64decode(event(name)["body"])


def loaded(function: str) -> ModuleType:
    """The module of a function, loaded once under a name of its own."""
    if function not in _loaded:
        path = FUNCTIONS / function / "app.py"
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
