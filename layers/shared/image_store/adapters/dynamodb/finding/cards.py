"""Cards of images as items, and back: all that a list shows, and what its filters ask for."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from image_store.adapters.dynamodb import schema
from image_store.adapters.dynamodb.items import Item, as_json
from image_store.domain.delivery.renditions import Placeholder, Rendition
from image_store.domain.finding.cards import Card, thumb_of
from image_store.domain.finding.filters import row_attributes
from image_store.domain.ids import created_at
from image_store.domain.images.image import Details, ImageRecord, Kind, Visibility, attempt_prefix
from image_store.domain.images.media import MediaType

CARD_FILENAME_CHARS = 40
CARD_ALT_TEXT_CHARS = 60
CARD_VERSION = 3
"""Cards are in an index, which holds no other version of theirs: they carry one of their own."""

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
_PARTS: dict[int, tuple[str, ...]] = {1: _FIRST_PARTS, 2: _FIRST_PARTS, 3: (*_FIRST_PARTS, "made")}
"""What a card of each version says, in its order; names cost bytes in every row of a list."""


def listed(record: ImageRecord, details: Details, *, tags: bool = False) -> Item:
    """The card, and beside it what a filter may ask for; the index needs no tags, as they have rows of their own."""
    texts = {"card": _card_text(record, details), **row_attributes(record, details)}
    attributes: Item = {name: {"S": value} for name, value in texts.items()}
    if tags and details.tags:
        attributes["tags"] = {"SS": sorted(details.tags)}
    return attributes


@schema.reading
def card_of(item: Item) -> Card:
    """The card that a listed row holds, of this version or an earlier one; UnreadableRow for any other."""
    image_id = item["id"]["S"]
    told = _parts_of(item)
    return Card(
        id=image_id,
        kind=Kind(item["kind"]["S"]),
        visibility=Visibility(item["visibility"]["S"]),
        filename=told["filename"],
        media_type=MediaType.of_extension(told["extension"]),
        size_bytes=told["size"],
        width=told["width"],
        height=told["height"],
        alt_text=told["alt"],
        alt_text_given=bool(told["given"]),
        placeholder=Placeholder(told["blurhash"], told["color"]),
        thumb_type=MediaType.of_extension(told["thumb"]),
        private_prefix=attempt_prefix(told["folder"], image_id, told["attempt"]),
        publication=told["publication"],
        created_at=created_at(image_id),
        model=item["model"]["S"] if "model" in item else None,
        provider=item["provider"]["S"] if "provider" in item else None,
        renditions=tuple(map(rendition_of, told.get("made", ()))),
    )


def cards_of(items: Iterable[Item]) -> Iterator[Card]:
    """The cards that can be read of many listed rows; the log names the others, and a list does without them."""
    return schema.readable(items, card_of)


def _parts_of(item: Item) -> dict[str, Any]:
    """The parts of a card by name: a card begins with its version, and those of version 1 with a filename."""
    values = json.loads(item["card"]["S"])
    version = 1
    if isinstance(values[0], int):
        version, *values = values
    if version not in _PARTS:
        raise schema.newer(item)
    return dict(zip(_PARTS[version], values, strict=True))


def _card_text(record: ImageRecord, details: Details) -> str:
    told = {
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
        "made": [rendition_text(made) for made in record.renditions if made.making is None],
    }
    return as_json([CARD_VERSION, *(told[name] for name in _PARTS[CARD_VERSION])])


def rendition_text(made: Rendition) -> str:
    """There may be a dozen of them, so they are written shortly."""
    text = f"{made.public_filename}:{made.width}:{made.height}:{made.size_bytes}"
    return text if made.making is None else f"{text}:{made.making}"


def rendition_of(text: str) -> Rendition:
    """The rendition that `rendition_text` wrote."""
    name, width, height, size, *making = text.split(":")
    preset, _, extension = name.partition(".")
    return Rendition(preset, MediaType.of_extension(extension), int(width), int(height), int(size), *making)
