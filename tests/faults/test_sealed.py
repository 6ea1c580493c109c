"""Encryption with its key service failing in each way, and a walk through all that is written meanwhile (A17)."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from image_store.adapters.dynamodb.images.changes import change_of
from image_store.domain.errors import ImageStoreError, StorageUnavailable
from image_store.domain.finding.lists import ListQuery
from image_store.domain.generation.jobs import JobItemState
from image_store.domain.generation.requests import GenerationRequest
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Image, Kind, State, Visibility
from image_store.domain.images.provenance import ProvenanceMark
from image_store.domain.upkeep.migration import JsonLines, Options
from image_store.entrypoints.operations.audit import handle_trail
from tests.fakes.dynamodb import all_items
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.fakes.stream import Streaming
from tests.faults.faults import CONFLICTS, Killed, Mode, naming_fault
from tests.faults.painting import Painting
from tests.faults.soundness import assert_sound
from tests.faults.world import World, Worlds
from tests.samples import OWNER

if TYPE_CHECKING:
    from collections.abc import Callable

    from image_store.services.images.direct_uploads import Ticket

GENERATION = {"prompt": "A lighthouse at dusk", "model": "flux", "params": {"steps": 4}}
ANALYSIS = {"response_context": "She asked for the sea"}
SENSITIVE = Attributes(kind=Kind.GENERATED, generation=GENERATION, analysis=ANALYSIS)
KMS_MODES = [mode for mode in Mode if mode not in CONFLICTS]


def contents(world: World) -> tuple[object, ...]:
    """All that is stored, to be compared."""
    rows = sorted(all_items(world.client, world.table), key=lambda row: (row["pk"]["S"], row["sk"]["S"]))
    return deepcopy((rows, dict(world.private.objects), dict(world.public.objects)))


@pytest.fixture(scope="module")
def worlds(worlds: Worlds) -> Worlds:
    """Worlds that seal what is sensitive."""
    return partial(worlds, seals=True)


def assert_opened(image: Image) -> None:
    assert image.details.generation == GENERATION
    assert image.details.analysis == ANALYSIS


def stored(world: World) -> Image:
    return world.upload(Visibility.PUBLIC, attributes=SENSITIVE, key="k")


def arrived(world: World) -> Ticket:
    ticket = world.announce(Visibility.PUBLIC, attributes=SENSITIVE)
    world.send(ticket)
    return ticket


def trashed(world: World) -> Image:
    image = stored(world)
    world.delete_id(image.record.id, permanent=False)
    return image


def look(world: World, before: Any) -> Image:
    return world.sealing.open(world.retrieval.get(OWNER, before.record.id))


@dataclass(frozen=True)
class Use:
    """Something in which an image is sealed or opened, and what it asks of the key service."""

    name: str
    prepare: Callable[[World], Any]
    act: Callable[[World, Any], Any]
    asks: list[str]


SEAL, OPEN = "kms.generate_data_key#1", "kms.decrypt#1"
USES = (
    Use("upload", lambda _: None, lambda world, _: stored(world), [SEAL]),
    Use("repeated upload", stored, lambda world, _: stored(world), [OPEN]),
    Use(
        "begin",
        lambda _: None,
        lambda world, _: world.announce(Visibility.PUBLIC, attributes=SENSITIVE),
        [SEAL],
    ),
    Use("complete", arrived, lambda world, ticket: world.complete(ticket), [OPEN]),
    Use("get", stored, look, [OPEN]),
    Use("edit", stored, lambda world, before: world.show_id(before.record.id, Visibility.PRIVATE), [OPEN]),
    Use("restore", trashed, lambda world, before: world.restore_id(before.record.id), [OPEN]),
    Use("get of what is not sealed", lambda world: world.bystander, look, []),
    Use("list", stored, lambda world, _: world.repository.cards(ListQuery(OWNER, 10), after=None), []),
    Use("delete", stored, lambda world, before: world.delete_id(before.record.id, permanent=True), []),
)


@pytest.mark.parametrize("use", USES, ids=lambda use: use.name)
def test_owners_see_everything_with_at_most_one_call(worlds: Worlds, use: Use) -> None:
    world = worlds()
    before = use.prepare(world)
    world.faults.begin()

    answer = use.act(world, before)

    assert [call for call in world.faults.calls if call.startswith("kms.")] == use.asks
    if isinstance(answer, Image) and use.asks:
        assert_opened(answer)


@pytest.mark.parametrize("mode", KMS_MODES)
@pytest.mark.parametrize("use", [use for use in USES if use.asks], ids=lambda use: use.name)
def test_a_key_service_that_fails_changes_nothing(worlds: Worlds, use: Use, mode: Mode) -> None:
    """Whatever becomes of its one call: the client hears to try again, and does so with success."""
    (at,) = use.asks
    world = worlds()
    before = use.prepare(world)
    contents_before = contents(world)
    world.faults.begin(at, mode)

    with naming_fault(f"{mode} at {at}"):
        if mode is Mode.REPEATED:
            answer = use.act(world, before)
        else:
            with pytest.raises((StorageUnavailable, Killed)) as refused:
                use.act(world, before)
            assert world.faults.happened
            assert contents(world) == contents_before
            if isinstance(refused.value, StorageUnavailable):
                assert refused.value.retry_after
            world.faults.end()
            answer = use.act(world, before)
        world.faults.end()
        if isinstance(answer, Image):
            assert_opened(answer)
        world.settle()
        assert_sound(world)


@pytest.mark.parametrize("mode", KMS_MODES)
def test_an_upload_with_a_fault_at_any_call_is_whole_or_gone(worlds: Worlds, mode: Mode) -> None:
    calls = calls_of_upload(worlds())
    for at in calls:
        with naming_fault(f"{mode} at {at}"):
            world = worlds()
            world.faults.begin(at, mode)
            with suppress(ImageStoreError, Killed):
                stored(world)
            world.settle()
            assert_sound(world)
            for image in world.records():
                if image.record.id != world.bystander.record.id:
                    assert_opened(world.sealing.open(image))


def calls_of_upload(world: World) -> list[str]:
    world.faults.begin()
    stored(world)
    return list(world.faults.calls)


# Generation ---------------------------------------------------------------------------------------------

REQUEST = GenerationRequest(
    prompt="A lighthouse at dusk",
    negative_prompt="no people",
    attributes=Attributes(kind=Kind.GENERATED, groups=("post:p1",), analysis=ANALYSIS),
)


def painting_with(world: World) -> Painting:
    painting = Painting(world)
    painting.request = REQUEST
    return painting


@pytest.mark.parametrize("mode", KMS_MODES)
def test_a_job_with_a_fault_at_any_call_of_the_key_service_loses_no_money(worlds: Worlds, mode: Mode) -> None:
    """E5."""
    for at in ("kms.generate_data_key#1", "kms.decrypt#1", "kms.generate_data_key#2"):
        with naming_fault(f"{mode} at {at}"):
            painting = painting_with(worlds())
            painting.world.faults.begin(at, mode)
            with suppress(ImageStoreError, Killed):
                painting.begin()
            with suppress(Killed):
                painting.paint()
            painting.world.faults.end()
            assert painting.world.faults.happened
            painting.begin()  # as its client does that has heard nothing
            job = painting.come_to_an_end()
            painting.assert_sound(job)
            assert job.counts[JobItemState.SUCCEEDED] == 1
            (image,) = painting.images()
            assert painting.world.sealing.open(image).details.analysis == ANALYSIS


# The walk -----------------------------------------------------------------------------------------------

SECRETS = {
    "prompt": "zanzibar lighthouse",
    "negative_prompt": "quokka crowds",
    "params": "ultramarine steps",
    "original_url": "https://pictures.example/zanzibar%20lighthouse",
    "analysis": "marzipan melancholy",
}
WORDS = ("zanzibar", "lighthouse", "quokka", "ultramarine", "marzipan", "melancholy")


class Everything:
    """What a store has written: rows, objects with their metadata, messages, and what the stream told."""

    def __init__(self, world: World, stream: Streaming) -> None:
        self._world, self._stream = world, stream
        self.seen: dict[str, list[str]] = {name: [] for name in ("rows", "objects", "messages")}
        self._listen(world.client, "transact_write_items", "put_item", "update_item", into="rows")
        self._listen(world.sqs, "send_message", into="messages")
        for bucket in (world.private, world.public):
            self._listen_to_bucket(bucket)

    def _listen(self, client: Any, *operations: str, into: str) -> None:
        for operation in operations:
            real = getattr(client, operation)

            def call(real: Callable[..., Any] = real, **request: Any) -> Any:
                self.seen[into].append(repr(request))
                return real(**request)

            setattr(client, operation, call)

    def _listen_to_bucket(self, bucket: Any) -> None:
        real = bucket.put

        def put(key: str, data: bytes, **more: Any) -> None:
            self.seen["objects"].append(f"{key} {more!r} {data.decode('latin-1')}")
            real(key, data, **more)

        bucket.put = put

    def texts(self) -> dict[str, str]:
        """All of it, by kind."""
        rows = all_items(self._world.client, self._world.table)
        return {
            **{name: "\n".join(lines) for name, lines in self.seen.items()},
            "rows at rest": repr(rows),
            "stream": repr(self._stream.told),
        }


def test_nothing_that_is_written_reveals_a_prompt_or_an_analysis(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    stream = Streaming(MemoryDynamo(), at=1_772_366_400)
    world = World(stream, seals=True)
    world.uploads = replace(world.uploads, mark=ProvenanceMark.PROMPT)
    painting = Painting(world)
    analysis = {"response_context": SECRETS["analysis"], "tone_analysis": {"themes": ["melancholy"]}}
    generation = {name: SECRETS[name] for name in ("prompt", "negative_prompt", "original_url")}
    attributes = Attributes(
        kind=Kind.GENERATED,
        generation={**generation, "params": {"a": SECRETS["params"]}, "model": "flux"},
        analysis=analysis,
    )
    painting.request = GenerationRequest(
        prompt=SECRETS["prompt"],
        negative_prompt=SECRETS["negative_prompt"],
        attributes=Attributes(kind=Kind.GENERATED, analysis=analysis),
    )
    painting.provider.params = {"a": SECRETS["params"]}
    everything = Everything(world, stream)

    with caplog.at_level(logging.DEBUG, logger="image_store"):
        use_it_all(world, painting, attributes)
        assert handle_trail({"Records": stream.told}, read=change_of) == {"batchItemFailures": []}
    logged = [f"{entry.getMessage()} {entry.__dict__!r}" for entry in caplog.records]

    images = [image for image in world.records() if image.record.id != world.bystander.record.id]
    opened = [world.sealing.open(image).details for image in images]
    assert len(images) == 4  # uploaded, sent directly, migrated, generated
    assert {(details.generation or {})["prompt"] for details in opened} == {SECRETS["prompt"]}
    details = everything.texts() | {
        "log": "\n".join((*logged, caplog.text)),
        "printed": "".join(capsys.readouterr()),
    }
    assert all(details.values()), [name for name, text in details.items() if not text]
    leaks = [(name, word) for name, text in details.items() for word in WORDS if word in text.lower()]
    assert not leaks


def use_it_all(world: World, painting: Painting, attributes: Attributes) -> None:
    """Store, send, migrate, generate, edit, publish, trash, restore; fail at some of it, and follow the stream."""
    image = world.upload(Visibility.PUBLIC, attributes=attributes, key="k")
    world.upload(Visibility.PUBLIC, attributes=attributes, key="k")
    world.show_id(image.record.id, Visibility.PRIVATE)
    ticket = world.announce(Visibility.UNLISTED, attributes=attributes)
    world.send(ticket)
    assert world.hand_over(ticket)
    line = {
        "id": "r1",
        "owner": OWNER,
        "image": "iVBORw0KGgo=",
        "attributes": {
            "generation": {"prompt": SECRETS["prompt"]},
            "analysis": {"response_context": SECRETS["analysis"]},
        },
    }
    world.ingested.put(
        "migrations/a.jsonl", json.dumps(line).encode(), content_type="", cache_control="", metadata={}
    )
    world.migration_requests.begin(JsonLines("migrations/a.jsonl"), Options())
    assert not world.work_off()
    assert not world.work_off()
    painting.begin()
    painting.provider.breaks = RuntimeError(f"cannot draw {SECRETS['prompt']}")
    painting.paint()
    painting.provider.breaks = None
    job = painting.come_to_an_end()
    assert job.counts[JobItemState.SUCCEEDED] == 1
    world.delete_id(image.record.id, permanent=False)
    world.restore_id(image.record.id)
    for stored_image in world.records():
        assert stored_image.record.state is State.READY
        world.project(stored_image.record.id)
