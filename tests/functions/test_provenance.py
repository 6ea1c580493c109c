"""What renditions say of where their picture comes from (B7)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from image_store.domain.images.image import Kind
from image_store.domain.images.provenance import Provenance, ProvenanceMark, provenance_of
from tests.functions.deployment import Deployment, event

if TYPE_CHECKING:
    from collections.abc import Callable

MARK = b"trainedAlgorithmicMedia"
PROMPT = "A lighthouse at dusk"
GENERATION = {"prompt": PROMPT, "model": "flux", "provider": "cloudflare", "seed": 7}


def stored_with(store: Deployment, **attributes: Any) -> list[bytes]:
    """Upload a picture as JSON says it, and answer the bytes of its renditions."""
    sent = event("upload/base64")
    body = json.loads(sent["body"]) | attributes
    answer = store.call(sent | {"body": json.dumps(body), "isBase64Encoded": False}, function="upload")
    assert answer.status == 201, answer.json
    objects = store.private_bucket.objects.items()
    return [file.data for key, file in objects if "/original." not in key]


def test_renditions_of_a_generated_image_say_that_a_model_made_them(store: Deployment) -> None:
    renditions = stored_with(store, kind="generated", generation=GENERATION)

    assert renditions
    assert all(MARK in data and PROMPT.encode() not in data for data in renditions)


def test_renditions_of_another_image_say_nothing(store: Deployment) -> None:
    renditions = stored_with(store, generation=GENERATION)

    assert renditions
    assert not any(MARK in data for data in renditions)


@pytest.mark.parametrize(("mark", "marked", "prompted"), [("prompt", True, True), ("none", False, False)])
def test_a_deployment_says_more_or_nothing(
    deployed: Callable[..., Deployment], mark: str, *, marked: bool, prompted: bool
) -> None:
    renditions = stored_with(deployed(PROVENANCE=mark), kind="generated", generation=GENERATION)

    assert {(MARK in data, PROMPT.encode() in data) for data in renditions} == {(marked, prompted)}


@pytest.mark.parametrize("generation", [None, {}, {"prompt": ["no", "text"], "seed": True}])
def test_only_prompt_and_seed_are_recorded_in_the_mark(generation: dict[str, Any] | None) -> None:
    assert provenance_of(ProvenanceMark.PROMPT, Kind.GENERATED, generation) == Provenance()
