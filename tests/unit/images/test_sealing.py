"""Sensitive fields under encryption: what is sealed, what is shown to the owner, and what everybody else has (A17)."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from image_store.domain.delivery.render_requests import RenditionRequest, TransformRequest
from image_store.domain.delivery.renditions import Fit, Recipe
from image_store.domain.delivery.signed_links import transform
from image_store.domain.errors import ConfigurationError, Conflict, StorageUnavailable
from image_store.domain.finding.lists import ListQuery
from image_store.domain.finding.projection import search_terms
from image_store.domain.images.attributes import Attributes, OnDuplicate
from image_store.domain.images.image import Image, Kind, State
from image_store.domain.images.media import MediaType
from image_store.domain.images.provenance import Provenance, ProvenanceMark
from image_store.domain.images.reservation import RESERVATION_LIFETIME, IdempotencyKey
from image_store.domain.images.sensitive import Sensitive, plain_generation, sensitive_in, with_sensitive
from image_store.domain.upkeep.migration import JsonLines, Options
from image_store.domain.work import MigrateBatch
from image_store.ports.images import RemoteFile
from image_store.services.images.direct_uploads import DirectUpload, Ticket
from image_store.services.images.sealing import Sealing
from image_store.services.images.sources import Content, RemoteUrl, Sources
from image_store.services.images.uploads import Upload
from tests.fakes.fetcher import MemoryFetcher
from tests.fakes.processor import StubProcessor
from tests.fakes.store import Store
from tests.samples import OWNER, PICTURE

if TYPE_CHECKING:
    from collections.abc import Callable


GENERATION = {
    "prompt": "A lighthouse at dusk",
    "negative_prompt": "people",
    "model": "flux",
    "provider": "cloudflare",
    "seed": 7,
    "params": {"steps": 4},
    "original_url": "https://images.example/A%20lighthouse%20at%20dusk",
}
ANALYSIS = {"response_context": "She asked for the sea", "tone_analysis": {"primary": "wistful"}}
OPEN = {"model": "flux", "provider": "cloudflare", "seed": 7}
SENSITIVE = Attributes(kind=Kind.GENERATED, generation=GENERATION, analysis=ANALYSIS, tags=("sea",))
SECRETS = ("lighthouse", "people", "steps", "She asked", "wistful")


@pytest.fixture
def store() -> Store:
    return Store(seals=True)


def upload_of(store: Store, attributes: Attributes = SENSITIVE, *, key: str | None = None) -> Upload:
    idempotency = IdempotencyKey(key, "fingerprint") if key is not None else None
    return Upload(OWNER, Content(PICTURE), attributes, store.clock.now() + timedelta(seconds=25), idempotency)


def begun(store: Store, attributes: Attributes = SENSITIVE) -> Ticket:
    """A direct upload whose bytes have arrived."""
    sha256 = hashlib.sha256(PICTURE).hexdigest()
    ticket = store.direct_uploads.begin(
        DirectUpload(
            owner=OWNER,
            media_type=MediaType.PNG,
            size_bytes=len(PICTURE),
            sha256=sha256,
            attributes=attributes,
        )
    )
    assert isinstance(ticket, Ticket)
    key = store.repository.records[ticket.image_id].record.staging_key
    assert key is not None
    store.private.put(key, PICTURE, content_type="image/png", cache_control="", metadata={})
    return ticket


def complete(store: Store, ticket: Ticket) -> Image:
    until = store.clock.now() + timedelta(seconds=25)
    image = store.direct_uploads.complete(OWNER, ticket.image_id, until=until)
    assert image is not None
    return image


def titled(image: Image) -> Image:
    return replace(image, details=replace(image.details, title="A title"))


def calls(store: Store) -> tuple[int, int]:
    """Data keys that were made, and that were asked for."""
    return store.cipher.made, store.cipher.asked


def assert_told(image: Image) -> None:
    """It says to its owner what was said of it."""
    assert image.details.generation == GENERATION
    assert image.details.analysis == ANALYSIS
    assert image.details.sealed is None


def assert_sealed(store: Store, image_id: str) -> None:
    """What is stored tells nothing of what is sensitive."""
    image = store.repository.records[image_id]
    assert image.details.sealed is not None
    assert image.details.generation == OPEN
    assert image.details.analysis is None
    assert not [secret for secret in SECRETS if secret in str(asdict(image))]


# What is sealed ---------------------------------------------------------------------------------------


def test_an_upload_is_sealed_and_answered_unsealed_with_one_data_key(store: Store) -> None:
    image = store.uploads.accept_and_show(upload_of(store)).image

    assert_told(image)
    assert_sealed(store, image.record.id)
    assert calls(store) == (1, 0)


def test_a_sealed_image_is_opened_with_one_call(store: Store) -> None:
    sealed_image = store.upload(SENSITIVE)

    image = store.sealing.open(store.retrieval.get(OWNER, sealed_image.record.id))

    assert_told(image)
    assert calls(store) == (1, 1)


@pytest.mark.parametrize(
    "attributes",
    [
        Attributes(),
        Attributes(generation=OPEN),
        Attributes(generation={**OPEN, "prompt": None, "params": {}, "negative_prompt": None}),
        Attributes(title="A title", metadata={"a": 1}),
    ],
)
def test_where_nothing_is_sensitive_the_key_service_is_not_called(
    store: Store, attributes: Attributes
) -> None:
    image = store.uploads.accept_and_show(upload_of(store, attributes)).image

    shown_again = store.sealing.open(store.retrieval.get(OWNER, image.record.id))

    assert store.current(image).details.sealed is None
    assert shown_again == image
    assert image.details.generation == attributes.generation
    assert calls(store) == (0, 0)


@pytest.mark.parametrize(
    "attributes",
    [
        Attributes(analysis=ANALYSIS),
        Attributes(generation={"prompt": "A fox"}),
        Attributes(generation={"params": {"a": 1}, "model": "flux"}),
        Attributes(generation=OPEN, analysis={"response_context": "Yes"}),
    ],
)
def test_whatever_is_sensitive_comes_back_as_it_was_said(store: Store, attributes: Attributes) -> None:
    image = store.uploads.accept_and_show(upload_of(store, attributes)).image

    opened = store.sealing.open(store.current(image))

    assert store.current(image).details.sealed is not None
    assert (opened.details.generation, opened.details.analysis) == (
        attributes.generation,
        attributes.analysis,
    )
    assert opened == image


def test_without_encryption_everything_is_stored_unsealed() -> None:
    store = Store()

    image = store.uploads.accept_and_show(upload_of(store)).image

    assert store.current(image) == image
    assert_told(image)
    assert calls(store) == (0, 0)


def test_direct_uploads_migrations_and_batches_are_sealed_as_well(store: Store) -> None:
    line = b'{"id":"r1","owner":"owner-1","image":"iVBORw0KGgo=","attributes":{"generation":{"prompt":"A lighthouse"}}}'
    store.ingested.put("migrations/a.jsonl", line, content_type="", cache_control="", metadata={})
    store.migration_requests.begin(JsonLines("migrations/a.jsonl"), Options())

    ticket = begun(store)
    outcomes = store.app.images.batches.run(
        [SENSITIVE, SENSITIVE],
        lambda attributes: store.uploads.accept_and_show(upload_of(store, attributes)).image,
        until=store.clock.now() + timedelta(seconds=25),
    )
    while store.work.waiting:
        work = store.work.waiting.pop(0)
        assert isinstance(work, MigrateBatch)
        store.migration_run.carry_on(work, until=store.clock.now() + timedelta(minutes=1))

    assert_sealed(store, ticket.image_id)
    assert store.cipher.made == 4
    for outcome in outcomes:
        assert isinstance(outcome, Image)
        assert_told(outcome)
    assert len(store.repository.records) == 4
    for image in store.repository.records.values():
        assert image.details.sealed
        assert "lighthouse" not in str(asdict(image))


def test_ingested_images_have_nothing_to_seal(store: Store) -> None:
    dropped = store.ingested.drop(f"ingest/{OWNER}/a.png", PICTURE)

    store.ingestion.ingest(dropped, until=store.clock.now() + timedelta(seconds=25))

    assert calls(store) == (0, 0)


def test_tries_that_meet_others_seal_once(store: Store) -> None:
    attributes = replace(SENSITIVE, on_duplicate=OnDuplicate.RETURN_EXISTING)
    dead = store.upload(attributes)
    long_ago = store.clock.now() - RESERVATION_LIFETIME
    pending = replace(dead.record, state=State.PENDING, due_at=long_ago, guarded=True)
    store.repository.records.pop(dead.record.id)

    def another_dies_over_it() -> None:
        store.repository.records[dead.record.id] = replace(dead, record=pending)

    keys_before = store.cipher.made
    store.repository.meanwhile = another_dies_over_it
    stored = store.upload(attributes)

    assert stored.record.state is State.READY
    assert store.cipher.made == keys_before + 1


# Who opens it -----------------------------------------------------------------------------------------


def test_an_upload_that_is_repeated_is_answered_unsealed(store: Store) -> None:
    first = store.uploads.accept_and_show(upload_of(store, key="k")).image

    again = store.uploads.accept_and_show(upload_of(store, key="k")).image

    assert again == first
    assert calls(store) == (1, 1)


def test_an_existing_image_is_answered_with_its_own_attributes(store: Store) -> None:
    store.upload(SENSITIVE)
    other = Attributes(generation={"prompt": "Another"}, on_duplicate=OnDuplicate.RETURN_EXISTING)

    image = store.uploads.accept_and_show(upload_of(store, other)).image

    assert_told(image)


def test_a_completed_upload_is_answered_unsealed_however_often_it_is_completed(store: Store) -> None:
    ticket = begun(store)

    first = complete(store, ticket)
    again = complete(store, ticket)

    assert_told(first)
    assert again == first
    assert calls(store) == (1, 2)


def test_an_edit_keeps_what_is_sealed_and_is_answered_unsealed(store: Store) -> None:
    image = store.upload(SENSITIVE)

    edited = store.edit(image, titled)

    assert_told(edited)
    assert edited.details.title == "A title"
    assert store.current(image).details.sealed == image.details.sealed
    assert_sealed(store, image.record.id)
    assert calls(store) == (1, 1)


def test_an_edit_that_conflicts_with_another_opens_once(store: Store) -> None:
    image = store.upload(SENSITIVE)
    store.repository.meanwhile = lambda: store.edit(
        image, lambda seen: replace(seen, details=replace(seen.details, rating=5))
    )

    edited = store.edit(image, titled)

    assert (edited.details.title, edited.details.rating) == ("A title", 5)
    assert_told(edited)
    assert calls(store) == (1, 2)


def test_an_image_out_of_the_trash_is_answered_unsealed(store: Store) -> None:
    image = store.upload(SENSITIVE)
    store.delete(image)

    restored = store.deletion.restore(OWNER, image.record.id)

    assert_told(restored)
    assert_sealed(store, image.record.id)


def test_a_sealed_text_opens_in_no_other_record_and_for_no_other_owner(store: Store) -> None:
    image = store.upload(SENSITIVE)
    elsewhere = [
        replace(image, record=replace(image.record, id=store.ids.image_id())),
        replace(image, record=replace(image.record, owner="owner-2")),
    ]

    for copied in elsewhere:
        with pytest.raises(ConfigurationError):
            store.sealing.open(copied)


def test_turned_off_it_seals_no_more_and_opens_what_was_sealed(store: Store) -> None:
    image = store.upload(SENSITIVE)
    off = Sealing(cipher=lambda: store.cipher, seals=False)

    assert_told(off.open(image))
    assert off.seal(SENSITIVE, owner=OWNER, image_id="1") == (SENSITIVE, None)


def test_turned_on_it_leaves_what_was_stored_before(store: Store) -> None:
    plain = replace(store.upload(), details=Store().upload(SENSITIVE).details)

    assert store.sealing.open(plain) == plain
    assert calls(store) == (0, 0)


# What others see --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("title", "derived"), [("A title", "A title"), (None, None)])
def test_no_alternative_text_is_derived_from_what_is_sealed(
    store: Store, title: str | None, derived: str | None
) -> None:
    image = store.upload(replace(SENSITIVE, title=title))

    assert (image.details.alt_text, image.details.alt_text_given) == (derived, False)


def test_an_edit_derives_no_alternative_text_from_what_is_sealed(store: Store) -> None:
    image = store.upload(replace(SENSITIVE, alt_text="given"))

    def without(seen: Image) -> Image:
        return replace(seen, details=replace(seen.details, alt_text=None, alt_text_given=False))

    assert store.edit(image, without).details.alt_text is None


def test_the_prompt_is_not_searched(store: Store) -> None:
    image = store.upload(SENSITIVE)

    assert set(search_terms(image.record, image.details)) == {"sea", "image", "png"}


def marked_at_upload(store: Store) -> None:
    store.upload(SENSITIVE)


def marked_at_completion(store: Store) -> None:
    complete(store, begun(store))


def marked_on_request(store: Store) -> None:
    image = store.upload(SENSITIVE)
    request = RenditionRequest(image.record.id, "w640", MediaType.AVIF)
    store.rendering.make(request, until=store.clock.now() + timedelta(seconds=20))


def marked_by_a_transform(store: Store) -> None:
    image = store.upload(SENSITIVE)
    request = TransformRequest(image.record.id, transform(Recipe(20, 10, Fit.COVER)))
    store.transforming.make(request, until=store.clock.now() + timedelta(seconds=20))


@pytest.mark.parametrize(
    "make", [marked_at_upload, marked_at_completion, marked_on_request, marked_by_a_transform]
)
def test_no_picture_is_marked_with_a_sealed_prompt(store: Store, make: Callable[[Store], None]) -> None:
    """B7."""
    processor = StubProcessor()
    for name in ("uploads", "direct_uploads", "rendering", "transforming"):
        marking = replace(getattr(store, name), processor=processor, mark=ProvenanceMark.PROMPT)
        setattr(store, name, marking)

    make(store)

    assert processor.provenances
    assert set(processor.provenances) == {Provenance(prompt=None, seed=7)}


@pytest.mark.parametrize(("seals", "name"), [(True, "image.png"), (False, "A lighthouse.png")])
def test_an_address_that_may_hold_a_prompt_names_no_image(*, seals: bool, name: str) -> None:
    store = Store(seals=seals)
    url = "https://pictures.example/A%20lighthouse.png"
    sources = Sources(fetcher=lambda: MemoryFetcher({url: RemoteFile(PICTURE, "image/png")}))
    until = store.clock.now() + timedelta(seconds=25)

    image = replace(store.uploads, sources=sources).accept(Upload(OWNER, RemoteUrl(url), SENSITIVE, until))

    assert image.record.filename == name


# Without KMS ------------------------------------------------------------------------------------------


def repeated(store: Store) -> None:
    store.uploads.accept_and_show(upload_of(store, key="k"))


WITHOUT: dict[str, Callable[[Store, Image, Ticket], object]] = {
    "upload": lambda store, _, __: store.upload(SENSITIVE),
    "upload again": lambda store, _, __: repeated(store),
    "begin": lambda store, _, __: begun(store),
    "complete": lambda store, _, ticket: complete(store, ticket),
    "edit": lambda store, image, _: store.edit(image, titled),
    "restore": lambda store, image, _: store.deletion.restore(OWNER, image.record.id),
}


@pytest.mark.parametrize("name", WITHOUT)
def test_without_the_key_service_a_write_changes_nothing(store: Store, name: str) -> None:
    image, ticket = store.uploads.accept_and_show(upload_of(store, key="k")).image, begun(store)
    if name == "restore":
        store.delete(image)
    before = store.contents()
    store.cipher.away = True

    with pytest.raises(StorageUnavailable):
        WITHOUT[name](store, image, ticket)

    assert store.contents() == before


def test_without_the_key_service_a_sealed_image_is_not_shown_and_lists_continue(store: Store) -> None:
    sealed, plain = store.upload(SENSITIVE), store.upload()
    store.cipher.away = True

    cards = store.lists.page(ListQuery(OWNER, limit=10), cursor=None).cards

    with pytest.raises(StorageUnavailable):
        store.sealing.open(sealed)
    assert store.sealing.open(plain) == plain
    assert {card.id for card in cards} == {sealed.record.id, plain.record.id}


def test_without_the_key_service_images_are_deleted_all_the_same(store: Store) -> None:
    sealed = store.upload(SENSITIVE)
    store.cipher.away = True

    store.delete(sealed, permanent=True)

    assert store.current(sealed).record.state is State.TOMBSTONE


# The parts --------------------------------------------------------------------------------------------


def test_what_is_sensitive_and_what_is_left_make_the_whole() -> None:
    sensitive = sensitive_in(GENERATION, ANALYSIS)

    assert sensitive is not None
    assert Sensitive.from_text(sensitive.to_text()) == sensitive
    assert plain_generation(GENERATION) == OPEN
    assert {**OPEN, **(sensitive.generation or {})} == GENERATION
    assert plain_generation(None) is None


def test_a_record_with_nothing_sealed_is_shown_as_it_is(store: Store) -> None:
    image = store.upload()

    assert with_sensitive(image, None) is image


def test_a_conflict_does_not_forget_that_something_is_sealed(store: Store) -> None:
    image = store.upload(SENSITIVE)

    def always(seen: Image) -> Image:
        store.repository.amend(seen.record, replace(seen.record, amendment=store.ids.token()))
        return titled(seen)

    with pytest.raises(Conflict):
        store.edit(image, always)

    assert_sealed(store, image.record.id)
