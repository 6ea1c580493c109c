"""Folders of the private bucket (A2)."""

from datetime import UTC, datetime
from urllib.parse import unquote

import pytest

from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Kind
from image_store.domain.images.key_layout import MAX_SEGMENT_BYTES, KeyLayout, folder

AT = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)
SESSION = Attributes(groups=("post:p1", "session:s1", "persona:Ada", "session:s2"))


def owned(owner: str) -> str:
    return folder(KeyLayout.OWNER, owner=owner, attributes=Attributes(), at=AT)


@pytest.mark.parametrize(
    ("layout", "attributes", "expected"),
    [
        (KeyLayout.MONTH, Attributes(kind=Kind.GENERATED), "images/generated/2026/03/"),
        (KeyLayout.SESSION, SESSION, "images/s1/Ada/"),
        (KeyLayout.SESSION, Attributes(groups=("persona:Ada",)), "images/Ada/"),
        (KeyLayout.SESSION, Attributes(), "images/"),
        (KeyLayout.OWNER, Attributes(kind=Kind.REFERENCE), "reference/auth0%7Calice/"),
        (KeyLayout.MODEL, Attributes(generation={"model": "flux-1"}), "generations/2026-03-01/flux-1/"),
        (KeyLayout.MODEL, Attributes(generation={"model": None}), "generations/2026-03-01/unknown-model/"),
        (KeyLayout.MODEL, Attributes(), "generations/2026-03-01/unknown-model/"),
    ],
)
def test_each_layout_arranges_by_what_it_is_named_after(
    layout: KeyLayout, attributes: Attributes, expected: str
) -> None:
    assert folder(layout, owner="auth0|alice", attributes=attributes, at=AT) == expected


@pytest.mark.parametrize("owner", ["a/b", "../alice", "Ада", "猫 🐈", "50%", "a\\b", "a?b#c", "~a-b_c.d"])
def test_a_segment_stays_one_segment_of_ascii_and_can_be_read_back(owner: str) -> None:
    segment = owned(owner)

    assert segment.isascii()
    assert segment.count("/") == 2
    assert unquote(segment.split("/")[1]) == owner


@pytest.mark.parametrize("text", ["x" * 300, "é" * 300, "猫" * 300, "🐈" * 300, "xx🐈" * 60, "." * 300])
def test_a_long_segment_is_cut_to_64_bytes_and_never_inside_a_character(text: str) -> None:
    segment = owned(text).split("/")[1]

    assert MAX_SEGMENT_BYTES - len("%F0%9F%90%88") < len(segment) <= MAX_SEGMENT_BYTES
    assert text.startswith(unquote(segment, errors="strict"))


@pytest.mark.parametrize("dots", [".", "..", "..."])
def test_a_segment_of_dots_is_not_a_step_in_a_path(dots: str) -> None:
    assert owned(dots) == f"upload/{'%2E' * len(dots)}/"
