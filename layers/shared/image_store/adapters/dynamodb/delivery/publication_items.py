"""Converts rows of publications to items of the table, and back."""

from image_store.adapters.dynamodb import keys, schema
from image_store.adapters.dynamodb.items import Item, parse_time, text_time
from image_store.domain.delivery.publication import PublicationRow
from image_store.domain.images.image import ImageRecord


def current_publication(record: ImageRecord, publication: str) -> PublicationRow:
    """The row of the publication that an image names."""
    return PublicationRow(publication, record.id, record.public_keys(publication), due_at=None)


def publication_item(row: PublicationRow) -> Item:
    """A publication row as an item; cleanup finds it unless it is the current one of its image."""
    item: Item = {
        **keys.publication(row.publication),
        "image_id": {"S": row.image_id},
    }
    if row.keys:
        item["keys"] = {"SS": sorted(row.keys)}
    if row.due_at is not None:
        item |= {"due_shard": {"S": keys.due_shard(row.publication)}, "due_at": {"S": text_time(row.due_at)}}
    return item


@schema.reading
def publication_of(item: Item) -> PublicationRow:
    """The publication row in an item of this or an earlier schema version; UnreadableRow for any other."""
    schema.version_of(item)
    return PublicationRow(
        publication=item["pk"]["S"].removeprefix(keys.PUBLICATION_PREFIX),
        image_id=item["image_id"]["S"],
        keys=frozenset(item["keys"]["SS"] if "keys" in item else ()),
        due_at=parse_time(item["due_at"]["S"]) if "due_at" in item else None,
        copied_until=parse_time(item["copied_until"]["S"]) if "copied_until" in item else None,
    )
