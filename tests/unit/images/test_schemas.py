"""What may be said about an image, in every script and within every limit (A5, A6)."""

import unicodedata
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from image_store.domain.errors import AttributesTooLarge, InvalidRequest
from image_store.entrypoints.finding.query_schemas import ImageListParameters
from image_store.entrypoints.images.attribute_schemas import ImageAttributes, ImagePatch

LINES = [
    "Грёза.png",
    "夢　の　中.png",
    "Screenshot 2026-03-01 at 12.00.00\u202fPM.png",
    "می\u200cخواهم",
    "🐈\u200d⬛ 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "שלום\u200f!",
    "e\u0301",
    "50\u00a0%",
]
CONTROLS = [
    "a\x00b",
    "a\nb",
    "a\rb",
    "a\tb",
    "a\x1bb",
    "a\x7fb",
    "a\x85b",
    "a\u2028b",
    "a\u2029b",
    "a\u202eb",
    "a\ud800b",
]


@pytest.mark.parametrize("text", LINES)
def test_names_in_every_script_are_taken_as_they_are(text: str) -> None:
    given = ImageAttributes.model_validate(
        {"filename": text, "title": text, "tags": [text], "alt_text": text}
    )

    attributes = given.to_domain()

    assert (attributes.filename, attributes.title, attributes.alt_text) == (text, text, text)
    assert attributes.tags == (unicodedata.normalize("NFC", text),)  # what is compared has one form


@pytest.mark.parametrize(
    ("field", "text"),
    [
        (field, text)
        for field in ("filename", "title", "category")
        for text in CONTROLS
        if field != "filename" or text != "a\u202eb"  # see test_filenames.py
    ],
)
def test_control_characters_are_refused_in_a_line(field: str, text: str) -> None:
    with pytest.raises(ValidationError):
        ImageAttributes.model_validate({field: text})


def test_a_text_may_have_lines_and_no_other_control_characters() -> None:
    lines = "one\n\ttwo\r\nthree"

    assert ImageAttributes.model_validate({"alt_text": lines}).alt_text == lines
    for text in ("a\x00b", "a\x0bb", "a\x1bb", "a\u202eb"):
        with pytest.raises(ValidationError):
            ImageAttributes.model_validate({"alt_text": text})


@pytest.mark.parametrize(
    "given",
    [
        {"tags": ["x"] * 21},
        {"tags": [""]},
        {"tags": ["x" * 65]},
        {"filename": ""},
        {"filename": "x" * 256},
        {"rating": 0},
        {"rating": 6},
        {"groups": {"Session": ["s1"]}},
        {"groups": {"session": [""]}},
        {"groups": {"session": ["x" * 129]}},
        {"expires_at": "2026-03-01T12:00:00"},
        {"visibility": "secret"},
        {"owner": "mallory"},
        {"generation": {"seed": -2}},
        {"generation": {"cost_usd": -0.01}},
        {"generation": {"colour": "red"}},
    ],
    ids=str,
)
def test_values_outside_of_the_contract_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ImageAttributes.model_validate(given)


def test_tags_and_groups_count_once_and_keep_their_order() -> None:
    given = {"tags": ["b", "a", "b"], "groups": {"session": ["s2", "s1", "s2"], "post": ["p"]}}

    attributes = ImageAttributes.model_validate(given).to_domain()

    assert attributes.tags == ("b", "a")
    assert attributes.groups == ("session:s2", "session:s1", "post:p")


def test_an_image_belongs_to_at_most_20_groups() -> None:
    """A6."""
    twenty = {"session": [f"s{number}" for number in range(20)]}

    assert len(ImageAttributes.model_validate({"groups": twenty}).to_domain().groups) == 20
    with pytest.raises(InvalidRequest):
        ImageAttributes.model_validate({"groups": twenty | {"post": ["p"]}}).to_domain()


@pytest.mark.parametrize(
    ("given", "limit"),
    [
        (lambda text: {"metadata": {"k": text}}, 4 * 1024),
        (lambda text: {"generation": {"prompt": text}}, 16 * 1024),
        (lambda text: {"analysis": {"response_context": text}}, 16 * 1024),
    ],
    ids=["metadata", "generation", "analysis"],
)
def test_what_a_record_cannot_hold_is_refused_by_its_bytes(given: Any, limit: int) -> None:
    fits, too_large = "ж" * (limit // 2 - 200), "ж" * (limit // 2)

    ImageAttributes.model_validate(given(fits)).to_domain()
    with pytest.raises(AttributesTooLarge):
        ImageAttributes.model_validate(given(too_large)).to_domain()


def test_an_expiry_is_kept_in_utc() -> None:
    attributes = ImageAttributes.model_validate({"expires_at": "2026-03-01T12:00:00+02:00"}).to_domain()

    assert attributes.expires_at == datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
    assert attributes.expires_at.tzinfo is UTC


def test_a_patch_knows_what_was_sent_from_what_was_not() -> None:
    assert ImagePatch.model_validate({"title": None}).model_fields_set == {"title"}


def test_a_visibility_cannot_be_taken_away() -> None:
    with pytest.raises(ValidationError):
        ImagePatch.model_validate({"visibility": None})


@pytest.mark.parametrize(
    "given",
    [
        {"limit": "0"},
        {"limit": "101"},
        {"group": "s1"},
        {"group": ":x"},
        {"from": "today"},
        {"cursor": ""},
        {"since": "2026-03-01T00:00:00Z"},
    ],
)
def test_queries_outside_of_the_contract_are_refused(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        ImageListParameters.model_validate(given)
