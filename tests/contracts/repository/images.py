"""Images as uploads reserve them, and short names for what tests of rows do again and again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from image_store.domain.delivery.publication import PublicationRow
from image_store.domain.delivery.renditions import Placeholder, Rendition
from image_store.domain.finding.cards import Card
from image_store.domain.finding.lists import ListQuery
from image_store.domain.ids import uuid7
from image_store.domain.images.details import Details
from image_store.domain.images.image import Image, ImageRecord, Kind, State, Visibility
from image_store.domain.images.media import MediaType
from image_store.domain.images.quota import Quota
from image_store.domain.images.reservation import IdempotencyKey, IdempotencyRow, Reservation
from tests.fakes.rows import Rows

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DEADLINE = NOON + timedelta(minutes=2)
OWNER = "owner one/#1"
SHA256 = "0f" * 32
PUBLICATION = "AAAAAAAAAAAAAAAAAAAAAA"
THUMB = Rendition("thumb", MediaType.WEBP, 300, 200, 4_000)
DISPLAY = Rendition("display", MediaType.JPEG, 2048, 1365, 90_000)
KEY = IdempotencyKey("name of a key", "fingerprint of a body")

_numbers = count(1)


def pending(
    *,
    at: datetime = NOON,
    groups: tuple[str, ...] = (),
    alt_text: str | None = None,
    **changes: Any,
) -> Image:
    """A record as uploads reserve it."""
    number = next(_numbers)
    record = ImageRecord(
        id=uuid7(at, number),
        owner=OWNER,
        state=State.PENDING,
        attempt=f"{number:016x}",
        version=1,
        change=f"change {number}",
        folder="images/upload/2026/03/",
        kind=Kind.UPLOAD,
        visibility=Visibility.PRIVATE,
        filename="cat.png",
        media_type=MediaType.PNG,
        size_bytes=1_000,
        width=640,
        height=480,
        sha256=f"{number:064x}",
        placeholder=Placeholder("LEHV6nWB2yk8pyo0adR*.7kCMdnj", "#102030"),
        renditions=(THUMB, DISPLAY),
        created_at=at,
        updated_at=at,
        due_at=at + (DEADLINE - NOON),
        perceptual_hash=f"{number:016x}",
        counted=True,
    )
    return Image(replace(record, **changes), Details(groups=groups, alt_text=alt_text))


def moved(image: Image, state: State, **changes: Any) -> Image:
    """The next version of a record, in another state."""
    record = replace(
        image.record, state=state, version=image.record.version + 1, change=f"change {next(_numbers)}"
    )
    return replace(image, record=replace(record, **changes))


def reservation(
    image: Image,
    *,
    quota: Quota = Quota(),  # noqa: B008 - it is frozen
    idempotency: IdempotencyKey | None = None,
    publication: PublicationRow | None = None,
) -> Reservation:
    expires_at = image.record.created_at + timedelta(hours=24)
    return Reservation(image, quota, idempotency, publication, expires_at)


def reserve(store: Rows, **changes: Any) -> Image:
    image = pending(**changes)
    store.reserve(reservation(image))
    return image


def ready(store: Rows, **changes: Any) -> Image:
    return advance(store, reserve(store, **changes), State.READY, due_at=None)


def advance(store: Rows, image: Image, state: State, **changes: Any) -> Image:
    after = moved(image, state, **changes)
    store.replace(image, after)
    return after


def kept_key(image: Image, fingerprint: str = KEY.fingerprint) -> IdempotencyRow:
    expires_at = image.record.created_at + timedelta(hours=24)
    return IdempotencyRow(fingerprint, image.record.id, expires_at.replace(microsecond=0))


def waiting(image: Image, due_at: datetime = DEADLINE, publication: str = PUBLICATION) -> PublicationRow:
    return PublicationRow(publication, image.record.id, image.record.public_keys(publication), due_at)


def query(limit: int = 100, **changes: Any) -> ListQuery:
    return replace(ListQuery(OWNER, limit), **changes)


def ids_of(store: Rows, list_query: ListQuery) -> list[str]:
    """The ids of all pages."""
    return [card.id for page in pages(store, list_query) for card in page]


def pages(store: Rows, list_query: ListQuery) -> list[tuple[Card, ...]]:
    result = []
    after = None
    while True:
        page = store.cards(list_query, after=after)
        assert len(page.cards) <= list_query.limit
        result.append(page.cards)
        after = page.resume_after
        if after is None:
            return result


def due(store: Rows, at: datetime) -> set[str]:
    return set(store.due(at))


def everything(image: Image, *, quota: Quota = Quota()) -> Reservation:  # noqa: B008 - it is frozen
    return reservation(image, quota=quota, idempotency=KEY, publication=waiting(image))


def published(store: Rows) -> Image:
    image = ready(store)
    intended = advance(store, image, State.READY, intent=PUBLICATION)
    return advance(store, intended, State.READY, intent=None, publication=PUBLICATION)


COPY = f"p/{PUBLICATION}/w640.webp"


def amended(record: ImageRecord, **changes: Any) -> ImageRecord:
    return replace(record, amendment=f"amendment {next(_numbers)}", **changes)


MADE = Rendition("w640", MediaType.AVIF, 640, 480, 20_000, making="0123456789abcdef")


def buried(store: Rows) -> Image:
    doomed = advance(store, ready(store), State.DELETING)
    tombstone = replace(moved(doomed, State.TOMBSTONE, due_at=DEADLINE), details=Details())
    store.replace(doomed, tombstone)
    return tombstone


def minutes(number: int) -> datetime:
    return NOON + timedelta(minutes=number)


def gallery(store: Rows, size: int, **changes: Any) -> list[str]:
    """Ids of READY images, one a minute, oldest first."""
    return [ready(store, at=minutes(number), **changes).record.id for number in range(size)]
