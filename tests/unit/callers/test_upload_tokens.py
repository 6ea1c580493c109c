"""What upload tokens let their holders do."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from image_store.domain.callers.caller import Caller, key_holder, token_holder, user
from image_store.domain.callers.scopes import Scope
from image_store.domain.callers.upload_tokens import UploadToken, token_text, verified_token_id
from image_store.domain.errors import (
    ActAsRequired,
    ImageStoreError,
    InvalidRequest,
    InvalidToken,
    PayloadTooLarge,
    ScopeRequired,
    UnsupportedMediaType,
    UploadNotAllowed,
    UploadNotFound,
    UploadTokenUsedUp,
)
from image_store.domain.images.attributes import Attributes, OnDuplicate
from image_store.domain.images.image import Image, Kind, Visibility
from image_store.domain.images.media import MediaType
from image_store.domain.images.reservation import IdempotencyKey
from image_store.services.callers.upload_tokens import NewUploadToken
from image_store.services.images.direct_uploads import DirectUpload, Ticket
from image_store.services.images.sources import Content, RemoteUrl
from image_store.services.images.uploads import Upload
from tests.fakes.store import Store
from tests.samples import OWNER, PICTURE, SIGNING_KEYS

ALICE = user(OWNER, scopes=(), admin_scope="admin", admin_subjects=())
HOUR = timedelta(hours=1)
PLAIN = NewUploadToken(lifetime=HOUR, max_images=2, attributes=Attributes())


@pytest.fixture
def store() -> Store:
    return Store()


def token_of(store: Store, caller: Caller = ALICE, **changes: Any) -> UploadToken:
    """A new upload token."""
    return store.app.callers.upload_permissions.create(caller, replace(PLAIN, **changes))[0]


def upload(
    store: Store,
    token: UploadToken,
    *,
    source: Content | RemoteUrl = Content(PICTURE, "image/png"),  # noqa: B008 - it is frozen
    idempotency: IdempotencyKey | None = None,
    **sent: Any,
) -> Image:
    """Store a picture with a token, and return what its holder sees."""
    until = store.clock.now() + timedelta(seconds=25)
    request = Upload(
        OWNER, source, Attributes(**sent), until, idempotency, upload_token=token.id, given=frozenset(sent)
    )
    return store.uploads.accept_and_show(request).image


def begin(store: Store, token: UploadToken, **changes: Any) -> Ticket | Image:
    """Begin a direct upload with a token; `changes` are fields of the request."""
    request = DirectUpload(
        owner=OWNER,
        media_type=MediaType.PNG,
        size_bytes=len(PICTURE),
        sha256=hashlib.sha256(PICTURE).hexdigest(),
        attributes=Attributes(),
        upload_token=token.id,
    )
    return store.direct_uploads.begin(replace(request, **changes))


def complete(store: Store, image_id: str, token: UploadToken) -> Image:
    until = store.clock.now() + timedelta(seconds=25)
    image = store.direct_uploads.complete(OWNER, image_id, until=until, upload_token=token.id)
    assert image is not None
    return image


def send(store: Store, ticket: Ticket) -> None:
    """PUT the picture to staging."""
    key = store.repository.records[ticket.image_id].record.staging_key
    assert key is not None
    store.private.put(key, PICTURE, content_type="image/png", cache_control="", metadata={})


# Credentials ------------------------------------------------------------------------------------------


def test_each_key_of_the_signing_secret_verifies_and_the_current_one_signs(store: Store) -> None:
    keys = {"current": "k2", "k1": "old", "k2": "new"}
    permissions = replace(store.app.callers.upload_permissions, signing_keys=lambda: keys)

    token, text = permissions.create(ALICE, PLAIN)

    assert text == token_text(token.id, "new")
    for key in ("old", "new"):
        assert permissions.holder(token_text(token.id, key)) == token_holder(token.id, owner=OWNER)
    with pytest.raises(InvalidToken):
        permissions.holder(token_text(token.id, "a key before"))


@pytest.mark.parametrize(
    "text",
    [
        "iut_",
        "iut_0123456789abcdef",
        "iut_0123456789abcdef.",
        f"iut_0123456789abcdef.{'A' * 22}",
        f"iut_0123456789abcdef.{'A' * 23}",
        f"iut_0123456789abcdeF.{'A' * 22}",
        f"iut_0123456789abcdef.{'A' * 22}\n",
        f"iut_٠123456789abcdef.{'A' * 22}",
        "iut_" + "0" * 10_000,
        token_text("0123456789abcdef", "another key"),
    ],
    ids=lambda text: text[:30],
)
def test_a_forged_token_costs_no_read(store: Store, text: str) -> None:
    with pytest.raises(InvalidToken) as refused:
        store.app.callers.upload_permissions.holder(text)

    assert store.upload_tokens.reads == 0
    assert text not in refused.value.message


def test_every_character_of_a_token_counts() -> None:
    text = token_text("0123456789abcdef", "key")
    assert verified_token_id(text, ["key"]) == "0123456789abcdef"

    for place in range(len(text)):
        other = "0" if text[place] != "0" else "1"
        with pytest.raises(InvalidToken):
            verified_token_id(f"{text[:place]}{other}{text[place + 1 :]}", ["key"])


def test_the_signature_of_a_share_is_none_of_a_token() -> None:
    from image_store.domain.delivery.shares import share_token

    with pytest.raises(InvalidToken):
        verified_token_id("iut_" + share_token("0123456789abcdef", "key"), ["key"])


def test_a_signed_token_without_a_row_is_not_valid(store: Store) -> None:
    _, key = list(SIGNING_KEYS.items())[-1]

    with pytest.raises(InvalidToken, match="not valid"):
        store.app.callers.upload_permissions.holder(token_text("0123456789abcdef", key))


def test_a_token_lets_its_holder_in_until_its_end_and_to_nothing_but_uploading(store: Store) -> None:
    token, text = store.app.callers.upload_permissions.create(ALICE, PLAIN)

    store.clock.instant += HOUR - timedelta(seconds=1)
    caller = store.app.callers.upload_permissions.holder(text)
    store.clock.instant += timedelta(seconds=1)

    assert (caller.name, caller.upload_token_id, caller.key_id) == (
        f"upload_token:{token.id}",
        token.id,
        None,
    )
    assert caller.scopes == {Scope.UPLOAD_IMAGES}
    for scope in set(Scope) - {Scope.UPLOAD_IMAGES, Scope.ADMIN}:
        with pytest.raises(ScopeRequired):
            caller.check_scope(scope)
    with pytest.raises(ActAsRequired):
        caller.acting_for("bob")
    with pytest.raises(InvalidToken, match="expired"):
        store.app.callers.upload_permissions.holder(text)


# What a token can be ----------------------------------------------------------------------------------


def test_a_token_is_of_whom_its_maker_acts_for(store: Store) -> None:
    backend = key_holder("0123456789abcdef", owner="shop", scopes={Scope.WRITE_IMAGES, Scope.ACT_AS})

    token = token_of(store, backend.acting_for("bob"))

    assert (token.owner, token.created_by) == ("bob", "key:0123456789abcdef")


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"may_set": frozenset({"on_duplicate"})}, ("body", "may_set")),
        ({"may_set": frozenset({"title"}), "fixed": frozenset({"title"})}, ("body", "may_set")),
        ({"fixed": frozenset({"generation"})}, ("body", "attributes", "generation")),
        ({"fixed": frozenset({"analysis"})}, ("body", "attributes", "analysis")),
        ({"fixed": frozenset({"on_duplicate"})}, ("body", "attributes", "on_duplicate")),
    ],
)
def test_a_token_that_contradicts_itself_is_not_created(
    store: Store, changes: dict[str, Any], place: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        token_of(store, **changes)

    assert [fault[0] for fault in refused.value.errors] == [place]
    assert not store.upload_tokens.reads


def test_a_token_whose_attributes_no_image_can_have_is_not_created(store: Store) -> None:
    for attributes in (
        Attributes(kind=Kind.REFERENCE, visibility=Visibility.PUBLIC),
        Attributes(expires_at=store.clock.now()),
    ):
        with pytest.raises(InvalidRequest):
            token_of(store, attributes=attributes)


# Uploads ----------------------------------------------------------------------------------------------


def test_an_upload_gets_the_fixed_attributes_and_those_that_the_browser_may_set(store: Store) -> None:
    token = token_of(
        store,
        attributes=Attributes(category="avatars", groups=("user:1",), visibility=Visibility.UNLISTED),
        fixed=frozenset({"category", "groups", "visibility"}),
        may_set=frozenset({"title", "tags"}),
    )

    shown = upload(store, token, title="Me")

    stored = store.current(shown)
    assert (stored.record.owner, stored.record.upload_token) == (OWNER, token.id)
    assert (stored.record.category, stored.record.visibility) == ("avatars", Visibility.UNLISTED)
    assert (stored.details.title, stored.details.tags, stored.details.groups) == ("Me", (), ("user:1",))


def test_the_holder_does_not_see_what_only_the_maker_of_the_token_set(store: Store) -> None:
    token = token_of(
        store,
        attributes=Attributes(category="vip", title="internal", metadata={"tier": 3}, groups=("user:1",)),
        fixed=frozenset({"category", "title", "metadata", "groups"}),
        may_set=frozenset({"tags"}),
    )

    shown = upload(store, token, tags=("a",))

    assert shown.details.tags == ("a",)
    assert (shown.record.category, shown.details.title, shown.details.alt_text) == (None, None, None)
    assert (shown.details.metadata, shown.details.groups) == ({}, ())
    assert store.current(shown).details.alt_text == "internal"


def test_an_alternative_text_of_the_holder_is_shown(store: Store) -> None:
    token = token_of(store, may_set=frozenset({"alt_text"}))

    assert upload(store, token, alt_text="A cat").details.alt_text == "A cat"


@pytest.mark.parametrize(
    "sent",
    [
        {"visibility": Visibility.PUBLIC},
        {"visibility": Visibility.PRIVATE},
        {"category": "avatars"},
        {"on_duplicate": OnDuplicate.RETURN_EXISTING},
        {"on_duplicate": OnDuplicate.KEEP},
        {"filename": "a.png"},
        {"kind": Kind.GENERATED},
    ],
    ids=str,
)
def test_an_attribute_that_the_token_does_not_name_is_refused_even_with_its_default(
    store: Store, sent: dict[str, Any]
) -> None:
    token = token_of(store, attributes=Attributes(category="avatars"), fixed=frozenset({"category"}))

    with pytest.raises(UploadNotAllowed, match=next(iter(sent))):
        upload(store, token, **sent)
    with pytest.raises(UploadNotAllowed, match=next(iter(sent))):
        begin(store, token, attributes=Attributes(**sent), given=frozenset(sent))

    assert store.repository.records == {}
    assert store.private.objects == {}


def test_an_attribute_that_slips_in_unnamed_has_no_effect(store: Store) -> None:
    """As the name of the file in a form."""
    token = token_of(store)
    until = store.clock.now() + timedelta(seconds=25)
    sent = Attributes(filename="secret.png", visibility=Visibility.PUBLIC)

    image = store.uploads.accept(
        Upload(OWNER, Content(PICTURE, "image/png"), sent, until, upload_token=token.id)
    )

    assert (image.record.filename, image.record.visibility) == ("image.png", Visibility.PRIVATE)


def test_a_url_is_not_fetched(store: Store) -> None:
    with pytest.raises(UploadNotAllowed, match="URL"):
        upload(store, token_of(store), source=RemoteUrl("https://pictures.example/a.png"))


def test_the_type_is_that_of_the_bytes(store: Store) -> None:
    token = token_of(store, content_types=frozenset({MediaType.JPEG, MediaType.WEBP}))

    for declared in ("image/jpeg", None):
        with pytest.raises(UnsupportedMediaType, match="image/jpeg, image/webp"):
            upload(store, token, source=Content(PICTURE, declared))
    with pytest.raises(UnsupportedMediaType, match="image/jpeg"):
        begin(store, token)

    assert store.app.callers.upload_permissions.in_force(token.id).images == 0


def test_bytes_of_another_type_than_announced_are_refused_when_they_are_there(store: Store) -> None:
    token = token_of(store, content_types=frozenset({MediaType.JPEG}))
    ticket = begin(store, token, media_type=MediaType.JPEG)
    assert isinstance(ticket, Ticket)
    send(store, ticket)

    with pytest.raises(ImageStoreError) as refused:
        complete(store, ticket.image_id, token)

    assert refused.value.code == "content_type_mismatch"


@pytest.mark.parametrize(("max_bytes", "fits"), [(len(PICTURE), True), (len(PICTURE) - 1, False)])
def test_the_size_is_that_of_the_bytes(store: Store, max_bytes: int, fits: bool) -> None:
    token = token_of(store, max_bytes=max_bytes)

    if fits:
        upload(store, token)
        assert isinstance(begin(store, token), Ticket)
        return
    with pytest.raises(PayloadTooLarge):
        upload(store, token)
    with pytest.raises(PayloadTooLarge):
        begin(store, token)
    assert store.repository.records == {}


def test_an_upload_beyond_the_number_leaves_nothing(store: Store) -> None:
    token = token_of(store, max_images=1)
    upload(store, token)
    before = store.contents()

    with pytest.raises(UploadTokenUsedUp):
        upload(store, token)
    with pytest.raises(UploadTokenUsedUp):
        begin(store, token)

    assert store.contents() == before


def test_the_number_is_checked_by_the_reservation_itself(store: Store) -> None:
    """Two uploads have found room for one; the second is refused by the write."""
    token = token_of(store, max_images=1)
    store.repository.meanwhile = lambda: upload(store, token)

    with pytest.raises(UploadTokenUsedUp):
        upload(store, token)

    assert len(store.repository.records) == 1
    assert store.app.callers.upload_permissions.in_force(token.id).images == 1


def test_a_token_that_ends_while_the_picture_is_decoded_stores_nothing(store: Store) -> None:
    token = token_of(store)
    processor = store.uploads.processor

    class Slow:
        def process(self, *arguments: Any, **options: Any) -> Any:
            store.clock.instant += timedelta(seconds=5)
            return processor.process(*arguments, **options)

    store.clock.instant += HOUR - timedelta(seconds=4)
    store.uploads = replace(store.uploads, processor=Slow())

    with pytest.raises(InvalidToken, match="expired"):
        upload(store, token)

    assert store.repository.records == {}


def test_an_expired_token_uploads_and_completes_nothing(store: Store) -> None:
    token = token_of(store)
    ticket = begin(store, token)
    assert isinstance(ticket, Ticket)
    send(store, ticket)
    store.clock.instant += HOUR

    for attempt in (upload, begin):
        with pytest.raises(InvalidToken, match="expired"):
            attempt(store, token)
    with pytest.raises(InvalidToken, match="expired"):
        complete(store, ticket.image_id, token)


def test_an_idempotency_key_repeats_an_upload_without_counting_it_again(store: Store) -> None:
    token = token_of(store, max_images=1)
    key = IdempotencyKey("name", "fingerprint")

    first, second = (upload(store, token, idempotency=key) for _ in range(2))

    assert first == second
    assert store.app.callers.upload_permissions.in_force(token.id).images == 1


def test_the_same_bytes_of_the_owner_are_not_found(store: Store) -> None:
    mine = store.upload(Attributes(title="mine"))

    shown = upload(store, token_of(store))

    assert shown.record.id != mine.record.id
    assert shown.details.title is None


# Direct uploads ---------------------------------------------------------------------------------------


def test_a_direct_upload_is_counted_when_it_begins_and_completed_with_its_token(store: Store) -> None:
    token = token_of(
        store, max_images=1, attributes=Attributes(category="avatars"), fixed=frozenset({"category"})
    )

    ticket = begin(store, token)
    assert isinstance(ticket, Ticket)
    assert store.app.callers.upload_permissions.in_force(token.id).images == 1
    send(store, ticket)
    first, again = (complete(store, ticket.image_id, token) for _ in range(2))

    assert first.record.category is None
    assert again.record == first.record
    assert store.current(first).record.category == "avatars"


def test_a_token_completes_nothing_that_was_not_begun_with_it(store: Store) -> None:
    token, other = token_of(store), token_of(store)
    stored = store.upload()
    ticket = begin(store, token)
    of_the_owner = store.direct_uploads.begin(
        DirectUpload(
            owner=OWNER,
            media_type=MediaType.PNG,
            size_bytes=len(PICTURE),
            sha256=hashlib.sha256(PICTURE).hexdigest(),
            attributes=Attributes(),
        )
    )
    assert isinstance(ticket, Ticket)
    assert isinstance(of_the_owner, Ticket)
    send(store, ticket)

    for image_id in (stored.record.id, of_the_owner.image_id):
        with pytest.raises(UploadNotFound):
            complete(store, image_id, token)
    with pytest.raises(UploadNotFound):
        complete(store, ticket.image_id, other)


def test_the_owner_completes_what_a_token_began(store: Store) -> None:
    token = token_of(store)
    ticket = begin(store, token)
    assert isinstance(ticket, Ticket)
    send(store, ticket)

    image = store.direct_uploads.complete(
        OWNER, ticket.image_id, until=store.clock.now() + timedelta(seconds=25)
    )

    assert image is not None
    assert image.record.upload_token == token.id


def test_a_stored_image_survives_what_happens_to_its_token(store: Store) -> None:
    token = token_of(store)
    image = upload(store, token)
    store.clock.instant += timedelta(days=3)

    store.collect()

    assert store.retrieval.get(OWNER, image.record.id).record == store.current(image).record
