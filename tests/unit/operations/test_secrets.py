"""Secrets are read once, and no error shows their value."""

import json
import traceback
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from image_store.adapters.secrets import Secrets
from image_store.domain.errors import ConfigurationError, ImageStoreError, StorageUnavailable

NAME = "image-store/r2"
VALUE = "a-value-nobody-may-see"


@pytest.fixture
def client() -> Any:
    return boto3.client(
        "secretsmanager", region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b"
    )


def read(client: Any, **answer: Any) -> dict[str, str]:
    """Read the secret when Secrets Manager answers so."""
    with Stubber(client) as stub:
        stub.add_response("get_secret_value", answer, {"SecretId": NAME})
        return Secrets(client=lambda: client).json(NAME)


def shown(error: BaseException) -> str:
    """All that a log would show of an error."""
    return "".join(traceback.format_exception(error))


def test_a_secret_is_read_once_and_its_readers_cannot_change_it(client: Any) -> None:
    members = {"access_key_id": "id", "secret_access_key": VALUE}
    with Stubber(client) as stub:
        # A second call would find no answer prepared.
        stub.add_response("get_secret_value", {"SecretString": json.dumps(members)}, {"SecretId": NAME})
        secrets = Secrets(client=lambda: client)

        first = secrets.json(NAME)
        first["access_key_id"] = "changed"

        assert secrets.json(NAME) == members
        stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    "text",
    [
        VALUE,
        f'{{"key": "{VALUE}"',
        f'["{VALUE}"]',
        f'{{"key": ["{VALUE}"]}}',
        f'"{VALUE}"',
        "null",
        "[" * 100_000,
    ],
    ids=["no-json", "cut-off", "list", "nested", "text", "null", "deep"],
)
def test_a_malformed_secret_is_named_and_never_shown(client: Any, text: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        read(client, SecretString=text)

    assert NAME in str(raised.value)
    assert VALUE not in shown(raised.value)


def test_a_binary_secret_is_malformed(client: Any) -> None:
    with pytest.raises(ConfigurationError):
        read(client, SecretBinary=VALUE.encode())


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ResourceNotFoundException", ConfigurationError),
        ("ThrottlingException", StorageUnavailable),
        ("AccessDeniedException", StorageUnavailable),
    ],
)
def test_a_missing_secret_is_a_configuration_error_and_other_failures_can_be_retried(
    client: Any, code: str, expected: type[ImageStoreError]
) -> None:
    with Stubber(client) as stub:
        stub.add_client_error("get_secret_value", code)
        secrets = Secrets(client=lambda: client)

        with pytest.raises(expected) as raised:
            secrets.json(NAME)

    assert (raised.value.retry_after is not None) == (expected is StorageUnavailable)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ResourceNotFoundException", ConfigurationError),
        ("AccessDeniedException", ConfigurationError),
        ("ThrottlingException", StorageUnavailable),
    ],
)
def test_a_document_that_may_not_be_read_counts_as_missing(
    client: Any, code: str, expected: type[ImageStoreError]
) -> None:
    with Stubber(client) as stub:
        stub.add_client_error("get_secret_value", code)

        with pytest.raises(expected):
            Secrets(client=lambda: client).document(NAME)


def test_a_failed_read_is_retried_at_the_next_use(client: Any) -> None:
    with Stubber(client) as stub:
        stub.add_client_error("get_secret_value", "InternalServiceError")
        stub.add_response("get_secret_value", {"SecretString": '{"key": "value"}'})
        secrets = Secrets(client=lambda: client)
        with pytest.raises(StorageUnavailable):
            secrets.json(NAME)

        members = secrets.json(NAME)

    assert members == {"key": "value"}


def test_a_failed_connection_is_storage_unavailable() -> None:
    class Unreachable:
        def get_secret_value(self, **_: str) -> None:
            raise EndpointConnectionError(endpoint_url="https://secretsmanager.invalid")

    with pytest.raises(StorageUnavailable):
        Secrets(client=Unreachable).json(NAME)
