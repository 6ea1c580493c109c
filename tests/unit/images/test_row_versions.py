"""Rows of earlier, later and no versions of the table's schema."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from image_store.adapters.dynamodb import schema
from image_store.adapters.dynamodb.finding import cards
from image_store.adapters.dynamodb.images import records
from image_store.domain.errors import UnreadableRow
from image_store.domain.images.image import State
from image_store.domain.images.media import MediaType

ROWS = json.loads((Path(__file__).parent / "rows_of_version_1.json").read_text("utf-8"))
"""What the first version wrote of a public image in a group."""
IMAGE_ID = "019ca945-0a00-7000-8000-000000000001"

type Row = dict[str, Any]


def row(sk: str, **changes: Any) -> Row:
    """A copy of the row with this sort key, with some attributes changed."""
    first: Row = next(first for first in ROWS if first["sk"]["S"] == sk)
    return first | changes


def later() -> Row:
    return {schema.ATTRIBUTE: {"N": str(schema.VERSION + 1)}}


def test_a_record_of_the_first_version_is_read() -> None:
    record = records.image_of([row("META"), row("DETAIL")])

    assert record is not None
    image, details = record.record, record.details
    assert (image.id, image.state, image.filename) == (IMAGE_ID, State.READY, "cat.png")
    assert (details.title, details.tags, details.groups) == ("Cat", ("a", "b"), ("session:s1",))


def test_an_attribute_that_is_newer_than_a_row_has_its_default() -> None:
    body = json.loads(row("DETAIL")["body"]["S"])
    del body["rating"], body["tags"], body["metadata"]

    details = records.details_of(row("DETAIL", body={"S": json.dumps(body)}))

    assert (details.title, details.rating, details.tags, details.metadata) == ("Cat", None, (), {})


@pytest.mark.parametrize("sk", ["META", IMAGE_ID])
def test_a_card_of_the_first_version_is_read(sk: str) -> None:
    row = next(row for row in ROWS if row["sk"]["S"] == sk and "card" in row)

    card = cards.card_of(row)

    assert (card.id, card.filename, card.thumb_type) == (IMAGE_ID, "cat.png", MediaType.WEBP)
    assert card.thumb_key == f"images/upload/2026/03/{IMAGE_ID}/0000000000000001/thumb.webp"
    assert card.public_thumb_key == "p/AAAAAAAAAAAAAAAAAAAAAA/thumb.webp"


def test_an_image_of_the_first_version_is_written_in_this_one_and_means_the_same() -> None:
    record = records.image_of([row("META"), row("DETAIL")])
    assert record is not None

    written = list(records.rows_of(record).values())

    assert records.image_of(written) == record
    (meta,) = (row for row in written if row["sk"]["S"] == "META")
    assert schema.version_of(meta) == schema.VERSION
    assert json.loads(meta["card"]["S"])[0] == cards.CARD_VERSION
    # A card of the first version tells nothing of renditions.
    assert replace(cards.card_of(meta), renditions=()) == cards.card_of(row("META"))


@pytest.mark.parametrize(
    "read",
    [
        lambda: records.record_of(row("META", **later())),
        lambda: records.details_of(row("DETAIL", **later())),
        lambda: cards.card_of(row("META", card={"S": json.dumps([cards.TRASH_CARD_VERSION + 1, "cat.png"])})),
    ],
    ids=["record", "details", "card"],
)
def test_a_row_of_a_later_version_is_refused_with_what_to_do(read: Callable[[], object]) -> None:
    with pytest.raises(UnreadableRow, match=f"{IMAGE_ID}.* later version of the store: deploy that version"):
        read()


DAMAGES = [
    {"record": {"S": "{"}},
    {"record": {"S": "[]"}},
    {"record": {"S": "{}"}},
    {"record": {"N": "1"}},
    {"state": {"S": "nowhere"}},
    {"version": {"N": "one"}},
    {"card": {"S": "[]"}},
    {"card": {"S": "[2]"}},
    {"card": {"S": "7"}},
    {"kind": {"S": "?"}},
    {schema.ATTRIBUTE: {"N": "0"}},
    {schema.ATTRIBUTE: {"S": "2"}},
]


@pytest.mark.parametrize("damage", DAMAGES, ids=str)
def test_a_damaged_row_is_refused_in_words_and_with_nothing_else(damage: Row) -> None:
    reader = cards.card_of if {"card", "kind"} & damage.keys() else records.record_of

    with pytest.raises(UnreadableRow, match=IMAGE_ID):
        reader(row("META", **damage))


def test_a_list_does_without_a_card_that_cannot_be_read(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, logger="image_store"):
        read_cards = list(cards.cards_of([row("META", card={"S": "["}), row("META")]))

    assert [card.id for card in read_cards] == [IMAGE_ID]
    assert IMAGE_ID in caplog.text
