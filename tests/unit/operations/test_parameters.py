"""Parameters of Systems Manager are read once."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from image_store.adapters.parameters import SsmParameters
from image_store.domain.errors import ConfigurationError, ImageStoreError, StorageUnavailable

NAME = "/image-store/openai-url"


@pytest.fixture
def client() -> Any:
    return boto3.client("ssm", region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b")


def test_a_parameter_is_read_once(client: Any) -> None:
    with Stubber(client) as stub:
        # A second call would find no answer prepared.
        stub.add_response("get_parameter", {"Parameter": {"Value": "https://ai.example.com"}}, {"Name": NAME})
        parameters = SsmParameters(client=lambda: client)

        assert [parameters.text(NAME) for _ in range(2)] == ["https://ai.example.com"] * 2


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ParameterNotFound", ConfigurationError),
        ("InternalServerError", StorageUnavailable),
        ("AccessDeniedException", StorageUnavailable),
    ],
)
def test_a_refusal_says_what_to_do(client: Any, code: str, error: type[ImageStoreError]) -> None:
    with Stubber(client) as stub:
        stub.add_client_error("get_parameter", code)

        with pytest.raises(error):
            SsmParameters(client=lambda: client).text(NAME)


def test_a_service_that_cannot_be_reached_is_unavailable() -> None:
    class Unreachable:
        def get_parameter(self, **_: str) -> Any:
            raise EndpointConnectionError(endpoint_url="https://ssm.example.com")

    with pytest.raises(StorageUnavailable):
        SsmParameters(client=Unreachable).text(NAME)
