"""Converts images to the rows of the table, and back."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

from image_store.adapters.dynamodb import keys, schema
from image_store.adapters.dynamodb.delivery.publication_items import current_publication, publication_item
from image_store.adapters.dynamodb.finding.cards import list_attributes, rendition_of, rendition_text
from image_store.adapters.dynamodb.items import Item, as_json, parse_time, text_time
from image_store.domain.callers.actor import Actor
from image_store.domain.delivery.old_paths import names_of_path
from image_store.domain.delivery.renditions import Placeholder
from image_store.domain.images.details import Details
from image_store.domain.images.image import Image, ImageRecord, Kind, RecordPage, State, Visibility
from image_store.domain.images.media import MediaType

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FINGERPRINT_CHARS = 12
_HIDDEN_DETAILS = frozenset({"sealed", "old_paths", "alt_text_given"})
"""Details that clients do not see under these names."""


def rows_of(image: Image) -> dict[tuple[str, str], Item]:
    """Every row that follows from a record, by primary key.

    A change of a record is the difference between the rows before and after it.
    """
    record, details = image.record, image.details
    rows = [_meta(record, details)]
    if record.state is not State.TOMBSTONE:
        rows.append(_detail(record, details))
    if record.state is State.READY:
        rows.append({**keys.key(keys.checksum(record.owner, record.sha256), record.id)})
        rows += [
            {
                **keys.key(keys.group(record.owner, name), record.id),
                "id": {"S": record.id},
                **list_attributes(record, details, in_list_row=True),
            }
            for name in details.groups
        ]
        names = dict.fromkeys(name for path in details.old_paths for name in names_of_path(path))
        rows += [{**keys.key(keys.moved(name), record.id)} for name in names]
        if record.publication is not None:
            rows.append(publication_item(current_publication(record, record.publication)))
        rows += feed_rows(image)
    if record.guarded:
        guard = keys.key(keys.checksum(record.owner, record.sha256), keys.GUARD)
        rows.append({**guard, "image_id": {"S": record.id}})
    return {(row["pk"]["S"], row["sk"]["S"]): row for row in rows}


def feed_rows(image: Image) -> list[Item]:
    """The feed rows of an image: for everyone, for its owner and for each group; none unless it is public.

    They stay small, so that one Query reads a page of a hundred.
    """
    record, details = image.record, image.details
    if not record.is_in_feed:
        return []
    attributes = list_attributes(record, details, in_list_row=False)
    row: Item = {
        name: attributes[name] for name in ("card", "kind", "model", "provider") if name in attributes
    }
    row |= {"owner": {"S": record.owner}, "print": {"S": fingerprint(details)}}
    if record.expires_at is not None:
        row["expires_at"] = {"N": str(int(record.expires_at.timestamp()))}
    partitions = (keys.FEED, keys.feed_of_owner(record.owner), *map(keys.feed_of_group, details.groups))
    return [{**keys.key(partition, record.id), **row} for partition in partitions]


def fingerprint(details: Details) -> str:
    """A short digest of the details that the feed may show, to detect their changes.

    It is stored, so its input must stay the same from build to build.
    """
    prompt = (details.generation or {}).get("prompt")
    text = as_json([details.title, prompt, details.tags, details.groups])
    return hashlib.sha256(text.encode()).hexdigest()[:_FINGERPRINT_CHARS]


def _meta(record: ImageRecord, details: Details) -> Item:
    item: Item = {
        **keys.record(record.id),
        **schema.STAMP,
        "id": {"S": record.id},
        "state": {"S": record.state.value},
        "attempt": {"S": record.attempt},
        "version": {"N": str(record.version)},
        "change": {"S": record.change},
        "record": {"S": record_text(record)},
    }
    if record.state is State.READY:
        item |= {
            "owner_key": {"S": keys.live(record.owner)},
            **list_attributes(record, details, in_list_row=False),
        }
    if record.state is State.TRASHED:
        item |= {
            "owner_key": {"S": keys.trash(record.owner)},
            **list_attributes(record, details, in_list_row=False),
        }
    if record.due_at is not None:
        item |= {"due_shard": {"S": keys.due_shard(record.id)}, "due_at": {"S": text_time(record.due_at)}}
    if record.amendment is not None:
        item["amendment"] = {"S": record.amendment}
    if record.api_key is not None:
        item["api_key"] = {"S": record.api_key}
    return item


_BY_OWNER = "owner"
"""Stands for the owner of the image, whom the record names; owners make most changes, so this saves space."""


def signature(record: ImageRecord, actor: Actor) -> Item:
    """The actor of a change, as attributes that only the audit trail reads."""
    by = _BY_OWNER if actor.is_subject(record.owner) else actor.name
    return {"by": {"S": f"{by} {actor.request_id}"}}


def actor_of(item: Item) -> Actor | None:
    """The actor of the change in a META item; None for an item that is older than the audit trail."""
    if "by" not in item:
        return None
    by, _, request_id = item["by"]["S"].rpartition(" ")
    return Actor.subject(record_of(item).owner, request_id) if by == _BY_OWNER else Actor(by, request_id)


def edited(before: Details, after: Details) -> Item:
    """The names of details that a change of the record changes, for its event; no attribute without any."""
    names = [
        each.name
        for each in fields(Details)
        if each.name not in _HIDDEN_DETAILS and getattr(before, each.name) != getattr(after, each.name)
    ]
    return {"edited": {"S": ",".join(names)}} if names else {}


def _detail(record: ImageRecord, details: Details) -> Item:
    body = {each.name: getattr(details, each.name) for each in fields(details)}
    if details.sealed is None:
        del body["sealed"]
    if not details.old_paths:
        del body["old_paths"]
    return {**keys.detail(record.id), **schema.STAMP, "body": {"S": as_json(body)}}


def record_text(record: ImageRecord) -> str:
    """The fields of a record that no condition, index or filter needs, as JSON with short stored names."""
    return as_json(
        {
            "owner": record.owner,
            "folder": record.folder,
            "kind": record.kind,
            "visibility": record.visibility,
            "filename": record.filename,
            "type": record.media_type,
            "size": record.size_bytes,
            "width": record.width,
            "height": record.height,
            "sha256": record.sha256,
            "looks": [record.placeholder.blurhash, record.placeholder.color, record.perceptual_hash],
            "renditions": [rendition_text(rendition) for rendition in record.renditions],
            "created": _micros(record.created_at),
            "updated": _micros(record.updated_at),
            "category": record.category,
            "cache": record.cache_control,
            "expires": _micros(record.expires_at) if record.expires_at else None,
            "publication": record.publication,
            "intent": record.intent,
            "guarded": record.guarded,
            "idempotency": record.idempotency,
            **_while_uploading(record),
            **({"transformed": True} if record.transformed else {}),
            **({"counted": True} if record.counted else {}),
            **({"upload_token": record.upload_token} if record.upload_token is not None else {}),
            **({"dated_back": _micros(record.dated_back_at)} if record.dated_back_at is not None else {}),
        }
    )


def _micros(at: datetime) -> int:
    """An instant as a number, a dozen bytes shorter than text; rows are never sorted by it."""
    return (at - _EPOCH) // _MICROSECOND


def _instant(micros: int) -> datetime:
    return _EPOCH + micros * _MICROSECOND


def _while_uploading(record: ImageRecord) -> dict[str, Any]:
    """The fields of direct uploads; left out for other images."""
    optional = {
        "staging": record.staging,
        "refusal": record.refusal,
        "queued": _micros(record.queued_at) if record.queued_at else None,
    }
    return {name: value for name, value in optional.items() if value is not None}


@schema.reading
def record_of(item: Item) -> ImageRecord:
    """The record in a META item of this or an earlier schema version; UnreadableRow for any other."""
    schema.version_of(item)
    image = json.loads(item["record"]["S"])
    blurhash, color, perceptual_hash = image["looks"]
    return ImageRecord(
        id=item["id"]["S"],
        owner=image["owner"],
        state=State(item["state"]["S"]),
        attempt=item["attempt"]["S"],
        version=int(item["version"]["N"]),
        change=item["change"]["S"],
        folder=image["folder"],
        kind=Kind(image["kind"]),
        visibility=Visibility(image["visibility"]),
        filename=image["filename"],
        media_type=MediaType(image["type"]),
        size_bytes=image["size"],
        width=image["width"],
        height=image["height"],
        sha256=image["sha256"],
        placeholder=Placeholder(blurhash, color),
        renditions=tuple(map(rendition_of, image["renditions"])),
        created_at=_instant(image["created"]),
        updated_at=_instant(image["updated"]),
        category=image["category"],
        cache_control=image["cache"],
        expires_at=_instant(image["expires"]) if image["expires"] else None,
        publication=image["publication"],
        intent=image["intent"],
        due_at=parse_time(item["due_at"]["S"]) if "due_at" in item else None,
        guarded=image["guarded"],
        idempotency=image["idempotency"],
        staging=image.get("staging"),
        refusal=image.get("refusal"),
        queued_at=_instant(image["queued"]) if "queued" in image else None,
        transformed=image.get("transformed", False),
        counted=image.get("counted", False),
        perceptual_hash=perceptual_hash,
        amendment=item["amendment"]["S"] if "amendment" in item else None,
        upload_token=image.get("upload_token"),
        api_key=item["api_key"]["S"] if "api_key" in item else None,
        dated_back_at=_instant(image["dated_back"]) if "dated_back" in image else None,
    )


def records_of(items: Iterable[Item]) -> RecordPage:
    """The records in META items, and the ids of unreadable ones; the log has the reason."""
    page = RecordPage()
    for item in items:
        readable = list(schema.readable([item], record_of))
        page += readable
        if not readable:
            page.unreadable.add(keys.image_of_record(item) or "")
    return page


@schema.reading
def details_of(item: Item) -> Details:
    """The details in a DETAIL item of this or an earlier schema version; UnreadableRow for any other."""
    schema.version_of(item)
    body: dict[str, Any] = json.loads(item["body"]["S"])
    for name, value in body.items():
        if isinstance(value, list):
            body[name] = tuple(value)
    return Details(**body)  # an attribute that is newer than the row has its default


def image_of(items: list[Item]) -> Image | None:
    """The image in the items of one partition; None without META."""
    by_sort_key = {item["sk"]["S"]: item for item in items}
    if keys.META not in by_sort_key:
        return None
    detail = by_sort_key.get(keys.DETAIL)
    return Image(record_of(by_sort_key[keys.META]), details_of(detail) if detail else Details())
