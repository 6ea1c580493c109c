"""Cards of images as items, and back: all that a list shows, and what its filters ask for."""

import json

from image_store.adapters.dynamodb.items import Item, as_json
from image_store.domain.cards import Card, thumb_of
from image_store.domain.ids import created_at
from image_store.domain.image import Details, Image, Kind, Visibility
from image_store.domain.media import MediaType
from image_store.domain.renditions import Placeholder, Rendition

CARD_FILENAME_CHARS = 40
CARD_ALT_TEXT_CHARS = 60


def listed(image: Image, details: Details, *, tags: bool = False) -> Item:
    """The card, and beside it what a filter may ask for; the index needs no tags, as they have rows of their own."""
    generation = details.generation or {}
    texts = {
        "card": _card_text(image, details),
        "kind": image.kind.value,
        "visibility": image.visibility.value,
        "category": image.category,
        "model": generation.get("model"),
        "provider": generation.get("provider"),
    }
    found: Item = {name: {"S": value} for name, value in texts.items() if value}
    if tags and details.tags:
        found["tags"] = {"SS": sorted(details.tags)}
    return found


def card_of(item: Item) -> Card:
    """The card that a listed row holds."""
    image_id = item["id"]["S"]
    (
        filename,
        extension,
        size,
        width,
        height,
        alt,
        blurhash,
        color,
        thumb,
        folder,
        attempt,
        publication,
        given,
        *made,
    ) = json.loads(item["card"]["S"])
    return Card(
        id=image_id,
        kind=Kind(item["kind"]["S"]),
        visibility=Visibility(item["visibility"]["S"]),
        filename=filename,
        media_type=MediaType.of_extension(extension),
        size_bytes=size,
        width=width,
        height=height,
        alt_text=alt,
        alt_text_given=bool(given),
        placeholder=Placeholder(blurhash, color),
        thumb_type=MediaType.of_extension(thumb),
        private_prefix=f"{folder}{image_id}/{attempt}/",
        publication=publication,
        created_at=created_at(image_id),
        model=item["model"]["S"] if "model" in item else None,
        provider=item["provider"]["S"] if "provider" in item else None,
        renditions=tuple(map(rendition_of, made)),
    )


def _card_text(image: Image, details: Details) -> str:
    return as_json(
        [
            image.filename[:CARD_FILENAME_CHARS],
            image.media_type.extension,
            image.size_bytes,
            image.width,
            image.height,
            details.alt_text[:CARD_ALT_TEXT_CHARS] if details.alt_text else None,
            image.placeholder.blurhash,
            image.placeholder.color,
            thumb_of(image).media_type.extension,
            image.folder,
            image.attempt,
            image.publication,
            int(details.alt_text_given),
            *(rendition_text(made) for made in image.renditions if made.making is None),
        ]
    )


def rendition_text(made: Rendition) -> str:
    """There may be a dozen of them, so they are written shortly."""
    text = f"{made.public_filename}:{made.width}:{made.height}:{made.size_bytes}"
    return text if made.making is None else f"{text}:{made.making}"


def rendition_of(text: str) -> Rendition:
    """The rendition that `rendition_text` wrote."""
    name, width, height, size, *making = text.split(":")
    preset, _, extension = name.partition(".")
    return Rendition(preset, MediaType.of_extension(extension), int(width), int(height), int(size), *making)
