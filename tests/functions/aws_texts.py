"""The secrets, parameters and functions of the deployments of the tests."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from image_store.domain.generation.providers import Provider

if TYPE_CHECKING:
    from tests.functions.deployment import Deployment

SIGNING_SECRET = {"current": "k1", "k1": "a key of the tests"}
PROVIDERS_SECRET = dict.fromkeys((provider.value for provider in Provider), "a key of the deployment")
IMPORT_SOURCES: dict[str, Any] = {}
"""Tests of imports replace it."""
OPENAI_URL = "https://u0123456789.lambda-url.eu-central-1.on.aws/openai/v1"


class SecretsClient:
    """Secrets Manager with the secrets of the deployments of the tests."""

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803 - boto3's name
        secrets = {
            "image-store/signing": SIGNING_SECRET,
            "image-store/providers": PROVIDERS_SECRET,
            "image-store/r2": {"access_key_id": "id", "secret_access_key": "secret"},
            "image-store/public-store": {"access_key_id": "id", "secret_access_key": "secret"},
            "image-store/backup": {"access_key_id": "id", "secret_access_key": "secret"},
            "image-store/imports": IMPORT_SOURCES,
            "image-store/cloudflare": {"api_token": "v1.0-a-token-of-nobody"},
        }
        return {"SecretString": json.dumps(secrets[SecretId])}


class ParametersClient:
    """Systems Manager with their parameters."""

    def get_parameter(self, *, Name: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        return {"Parameter": {"Value": {"/image-store/openai-url": OPENAI_URL}[Name]}}


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
        answer = self._deployment.invoke(FunctionName.removeprefix("image-store-"), sent)
        return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(answer).encode())}
