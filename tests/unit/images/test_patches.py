"""Merge patches (RFC 7396) as edits of a record (C5)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from image_store.domain.errors import AttributesTooLarge, InvalidRequest
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Image, Visibility
from image_store.entrypoints.images.attribute_schemas import ImagePatch
from image_store.entrypoints.images.patches import edit_of
from tests.fakes.store import Store

METADATA = {"a": "b", "c": {"d": "e", "f": "g"}, "list": [1, 2]}
ATTRIBUTES = Attributes(
    title="Title",
    alt_text="Given",
    category="sketch",
    tags=("one", "two"),
    rating=3,
    groups=("session:s1", "session:s2", "post:p1"),
    metadata=METADATA,
)


@pytest.fixture
def image() -> Image:
    return Store().upload(ATTRIBUTES)


def edited(image: Image, **patch: Any) -> Image:
    return edit_of(ImagePatch.model_validate(patch))(image)


def test_an_empty_patch_changes_nothing(image: Image) -> None:
    assert edited(image) == image


@pytest.mark.parametrize(
    ("patch", "details"),
    [
        ({"title": "New"}, {"title": "New"}),
        ({"title": None}, {"title": None}),
        ({"rating": None}, {"rating": None}),
        ({"alt_text": "Other"}, {"alt_text": "Other"}),
        ({"alt_text": None}, {"alt_text": None, "alt_text_given": False}),
        ({"tags": ["b", "a", "b"]}, {"tags": ("b", "a")}),
        ({"tags": None}, {"tags": ()}),
        ({"groups": None}, {"groups": ()}),
        ({"groups": {}}, {}),
        ({"groups": {"session": None}}, {"groups": ("post:p1",)}),
        ({"groups": {"session": []}}, {"groups": ("post:p1",)}),
        ({"groups": {"post": ["p2"]}}, {"groups": ("session:s1", "session:s2", "post:p2")}),
        ({"metadata": None}, {"metadata": {}}),
        ({"metadata": {}}, {}),
    ],
    ids=str,
)
def test_what_was_sent_changes_and_the_rest_stays(
    image: Image, patch: dict[str, Any], details: dict[str, Any]
) -> None:
    changed = edited(image, **patch)

    assert changed == replace(image, details=replace(image.details, **details))


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ({"a": "c"}, {"a": "c", "c": METADATA["c"], "list": [1, 2]}),
        ({"b": "c"}, {**METADATA, "b": "c"}),
        ({"a": None}, {"c": METADATA["c"], "list": [1, 2]}),
        ({"missing": None}, METADATA),
        ({"c": {"d": None, "h": 1}}, {**METADATA, "c": {"f": "g", "h": 1}}),
        ({"c": "text"}, {**METADATA, "c": "text"}),
        ({"a": {"bb": {"ccc": None}}}, {**METADATA, "a": {"bb": {}}}),
        ({"list": [None, {"x": None}]}, {**METADATA, "list": [None, {"x": None}]}),
    ],
    ids=str,
)
def test_metadata_is_merged_as_the_rfc_says(
    image: Image, patch: dict[str, Any], expected: dict[str, Any]
) -> None:
    """RFC 7396, section 2 and appendix A: members deep down merge, lists are replaced whole."""
    changed = edited(image, metadata=patch)

    assert changed.details.metadata == expected
    assert image.details.metadata == METADATA


def test_metadata_is_measured_after_the_merge(image: Image) -> None:
    half = edited(image, metadata={"first": "x" * 2_500})

    with pytest.raises(AttributesTooLarge):
        edited(half, metadata={"second": "x" * 2_500})


def test_groups_are_counted_after_the_merge(image: Image) -> None:
    """A6."""
    with pytest.raises(InvalidRequest):
        edited(image, groups={"persona": [f"p{number}" for number in range(18)]})


def test_what_decides_about_an_image_is_changed_in_its_record(image: Image) -> None:
    changed = edited(image, category=None, visibility="public", expires_at="2026-03-02T12:00:00+01:00")

    assert changed == replace(
        image,
        record=replace(
            image.record,
            category=None,
            visibility=Visibility.PUBLIC,
            expires_at=datetime(2026, 3, 2, 11, 0, tzinfo=UTC),
        ),
    )


def test_null_takes_an_expiry_away(image: Image) -> None:
    later = image.record.created_at + timedelta(days=1)
    expiring = replace(image, record=replace(image.record, expires_at=later))

    assert edited(expiring, expires_at=None).record.expires_at is None
