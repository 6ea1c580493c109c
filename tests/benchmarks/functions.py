"""The handlers of this checkout, in this process, wired as in Lambda but for the sockets."""

import base64
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
from botocore.session import get_session

from image_store.adapters.objects import s3_client
from image_store.adapters.secrets import Secrets
from image_store.bootstrap import Application, assemble, use
from image_store.bootstrap.clients import Clients
from image_store.bootstrap.lazy import lazy_property
from image_store.bootstrap.ports import Ports
from image_store.settings import Settings
from image_store.settings.byte_stores import ByteStoreSettings
from image_store.settings.storage import StorageSettings
from tests.benchmarks.answers import accept_objects, answer_with
from tests.benchmarks.sample import OWNER, SECRET_ANSWER

_FUNCTIONS = Path(__file__).parents[2] / "functions"
_ENDPOINT = "https://0123456789abcdef0123456789abcdef.r2.cloudflarestorage.com"
TABLE = "images"
_ENVIRONMENT = {
    "TABLE_NAME": TABLE,
    "PRIVATE_BUCKET": "private",
    "R2_ENDPOINT": _ENDPOINT,
    "R2_SECRET": "images/r2",
    "SIGNING_SECRET": "images/signing",
    "ADMIN_SUBJECTS": OWNER,
}

type StandIn = Callable[[Any], list[str]]
"""Takes the place of a service behind a client, and answers a list of the calls it gets, which grows."""


class _Context:
    """What Powertools wants to know of a Lambda context."""

    function_name = "benchmark"
    memory_limit_in_mb = 3008
    invoked_function_arn = "arn:aws:lambda:eu-west-1:000000000000:function:benchmark"
    aws_request_id = "8f5a1f6e-0000-4000-8000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        # What is measured must not end because the machine stood still.
        return 900_000


class _Clients(Clients):
    """Clients behind which others stand in for the services."""

    def __init__(self, storage: StorageSettings, *, table: StandIn, objects: StandIn) -> None:
        super().__init__(storage)
        self._table = table
        self._objects = objects
        self.calls: list[list[str]] = []

    @lazy_property
    def dynamodb(self) -> Any:
        client = aws_client("dynamodb")
        self.calls.append(self._table(client))
        return client

    @lazy_property
    def secrets(self) -> Secrets:
        client = aws_client("secretsmanager")
        secret = json.dumps(SECRET_ANSWER).encode()
        self.calls.append(answer_with(client, lambda operation, request: secret))
        return Secrets(client=lambda: client)

    def objects(self, store: ByteStoreSettings) -> Any:
        client = s3_client(
            session=get_session(),
            endpoint=_ENDPOINT,
            region=store.region,
            access_key_id="example",
            secret_access_key="example",
        )
        self.calls.append(self._objects(client))
        return client


def aws_client(service: str) -> Any:
    """A client of AWS, before anything stands in for the service."""
    return boto3.client(
        service, region_name="eu-west-1", aws_access_key_id="example", aws_secret_access_key="example"
    )


class Functions:
    """Calls handlers, whose table and objects are what stands in for them."""

    def __init__(self, *, table: StandIn, objects: StandIn = accept_objects) -> None:
        settings = Settings.from_env(_ENVIRONMENT)
        self._clients = _Clients(settings.storage, table=table, objects=objects)
        self._application = assemble(Ports(settings, self._clients), settings)
        self._loaded: dict[str, ModuleType] = {}

    @property
    def application(self) -> Application:
        """What the handlers are wired to."""
        return self._application

    @property
    def calls(self) -> list[str]:
        """Every AWS and R2 operation so far, by service."""
        return [call for calls in self._clients.calls for call in calls]

    def call(self, name: str, event: dict[str, Any]) -> dict[str, Any]:
        """Answer an event with the handler of a function; it must succeed."""
        if name not in self._loaded:
            self._loaded[name] = _load(name)
        use(lambda: self._application)
        answer: dict[str, Any] = self._loaded[name].lambda_handler(event, _Context())
        if answer["statusCode"] >= 400:
            raise RuntimeError(f"{name} answered {answer['statusCode']}: {answer.get('body')}")
        return answer

    def upload(self, event: dict[str, Any], data: bytes, *, content_type: str) -> dict[str, Any]:
        """Store `data` with the upload function."""
        body = base64.b64encode(data).decode("ascii")
        headers = event["headers"] | {"content-type": content_type}
        return self.call("upload", event | {"body": body, "isBase64Encoded": True, "headers": headers})


def _load(name: str) -> ModuleType:
    path = _FUNCTIONS / name / "app.py"
    spec = importlib.util.spec_from_file_location(f"functions_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
