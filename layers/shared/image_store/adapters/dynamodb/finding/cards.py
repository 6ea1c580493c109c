"""Converts cards to items, with the attributes that filters compare, and back."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from image_store.adapters.dynamodb import schema
from image_store.adapters.dynamodb.finding.filters import attribute_items
from image_store.adapters.dynamodb.items import Item, as_json, parse_time, text_time
from image_store.domain.delivery.renditions import Placeholder, Rendition
from image_store.domain.finding.cards import Card, thumb_of
from image_store.domain.finding.filters import row_attributes
from image_store.domain.ids import created_at
from image_store.domain.images.details import Details
from image_store.domain.images.image import ImageRecord, Kind, Visibility, attempt_prefix
from image_store.domain.images.media import MediaType

CARD_FILENAME_CHARS = 40
CARD_ALT_TEXT_CHARS = 60
CARD_VERSION = 3
"""A card has its own version, because the index holds no other version attribute."""
TRASH_CARD_VERSION = 4
"""Cards of images in the trash end with a time, which other cards have no use for."""

_FIRST_PARTS = (
    "filename",
    "extension",
    "size",
    "width",
    "height",
    "alt",
    "blurhash",
    "color",
    "thumb",
    "folder",
    "attempt",
    "publication",
    "given",
)
_LATER_PARTS = (*_FIRST_PARTS, "made")
_PARTS: dict[int, tuple[str, ...]] = {
    1: _FIRST_PARTS,
    2: _FIRST_PARTS,
    3: _LATER_PARTS,
    4: (*_LATER_PARTS, "until"),
}
"""The parts of a card in each version, in order; names would add bytes to every row of a list."""


def list_attributes(record: ImageRecord, details: Details, *, in_list_row: bool) -> Item:
    """The card and the attributes that filters compare: those of a list row, otherwise those of the index."""
    attributes = row_attributes(record, details, in_list_row=in_list_row)
    return {"card": {"S": _card_text(record, details)}, **attribute_items(attributes)}


@schema.reading
def card_of(item: Item) -> Card:
    """The card in a row of a list, of this version or an earlier one; UnreadableRow for a later version."""
    image_id = item["id"]["S"]
    parts = _parts_of(item)
    return Card(
        id=image_id,
        kind=Kind(item["kind"]["S"]),
        visibility=Visibility(item["visibility"]["S"]),
        filename=parts["filename"],
        media_type=MediaType.of_extension(parts["extension"]),
        size_bytes=parts["size"],
        width=parts["width"],
        height=parts["height"],
        alt_text=parts["alt"],
        alt_text_given=bool(parts["given"]),
        placeholder=Placeholder(parts["blurhash"], parts["color"]),
        thumb_type=MediaType.of_extension(parts["thumb"]),
        private_prefix=attempt_prefix(parts["folder"], image_id, parts["attempt"]),
        publication=parts["publication"],
        created_at=created_at(image_id),
        model=item["model"]["S"] if "model" in item else None,
        provider=item["provider"]["S"] if "provider" in item else None,
        renditions=tuple(map(rendition_of, parts.get("made", ()))),
        restorable_until=parse_time(parts["until"]) if "until" in parts else None,
    )


def cards_of(items: Iterable[Item]) -> Iterator[Card]:
    """The readable cards of rows; the others are logged and left out."""
    return schema.readable(items, card_of)


def _parts_of(item: Item) -> dict[str, Any]:
    """The parts of a card by name: a card begins with its version, or in version 1 with a filename."""
    values = json.loads(item["card"]["S"])
    version = 1
    if isinstance(values[0], int):
        version, *values = values
    if version not in _PARTS:
        raise schema.newer(item)
    return dict(zip(_PARTS[version], values, strict=True))


def _card_text(record: ImageRecord, details: Details) -> str:
    parts = {
        "filename": record.filename[:CARD_FILENAME_CHARS],
        "extension": record.media_type.extension,
        "size": record.size_bytes,
        "width": record.width,
        "height": record.height,
        "alt": details.alt_text[:CARD_ALT_TEXT_CHARS] if details.alt_text else None,
        "blurhash": record.placeholder.blurhash,
        "color": record.placeholder.color,
        "thumb": thumb_of(record).media_type.extension,
        "folder": record.folder,
        "attempt": record.attempt,
        "publication": record.publication,
        "given": int(details.alt_text_given),
        "made": [rendition_text(rendition) for rendition in record.renditions if rendition.making is None],
    }
    version = CARD_VERSION
    if record.restorable_until is not None:
        version, parts["until"] = TRASH_CARD_VERSION, text_time(record.restorable_until)
    return as_json([version, *(parts[name] for name in _PARTS[version])])


def rendition_text(rendition: Rendition) -> str:
    """A rendition as a short text, because an image can have a dozen."""
    text = f"{rendition.public_filename}:{rendition.width}:{rendition.height}:{rendition.size_bytes}"
    return text if rendition.making is None else f"{text}:{rendition.making}"


def rendition_of(text: str) -> Rendition:
    """The rendition in a text of `rendition_text`."""
    name, width, height, size, *making = text.split(":")
    preset, _, extension = name.partition(".")
    return Rendition(preset, MediaType.of_extension(extension), int(width), int(height), int(size), *making)
