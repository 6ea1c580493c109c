"""The background and the format of a picture, as each adapter sends them."""

import json
from collections.abc import Iterator
from email import policy
from email.parser import BytesParser

import pytest

from image_store.domain.generation.providers import Provider, Reference
from image_store.domain.images.media import MediaType
from tests.providers.scripted import ScriptedServer, scripted_server
from tests.providers.test_providers import ANSWERS, generate

pytestmark = pytest.mark.loopback


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as script:
        yield script


def test_openai_is_asked_for_the_background_and_the_format(server: ScriptedServer) -> None:
    server.response = ANSWERS[Provider.OPENAI]

    image = generate(server, Provider.OPENAI, background="transparent", output_format="webp")

    body = json.loads(server.requests[0].body)
    assert (body["background"], body["output_format"]) == ("transparent", "webp")
    assert (image.params["background"], image.params["output_format"]) == ("transparent", "webp")


def test_openai_is_asked_for_them_with_references_too(server: ScriptedServer) -> None:
    server.response = ANSWERS[Provider.OPENAI]
    reference = Reference(b"one", MediaType.PNG)

    generate(server, Provider.OPENAI, references=(reference,), background="transparent", output_format="png")

    request = server.requests[0]
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    form = BytesParser(policy=policy.HTTP).parsebytes(head + request.body)
    fields = {
        part.get_param("name", header="content-disposition"): part.get_payload() for part in form.iter_parts()
    }
    assert request.path == "/v1/images/edits"
    assert (fields["background"], fields["output_format"]) == ("transparent", "png")


@pytest.mark.parametrize("provider", [provider for provider in Provider if provider is not Provider.OPENAI])
def test_a_provider_without_a_choice_is_sent_neither(server: ScriptedServer, provider: Provider) -> None:
    server.response = ANSWERS[provider]

    generate(server, provider)
    generate(server, provider, background="opaque", output_format="jpeg")

    plain, requested = [(request.path, request.body) for request in server.requests]
    assert plain == requested
