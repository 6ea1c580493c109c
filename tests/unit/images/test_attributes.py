"""The attributes of images are declared once; requests, responses, console, command line and docs have each of them."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

from image_store.domain.images.attributes import Attributes
from image_store.domain.images.details import DETAIL_ATTRIBUTES
from image_store.domain.images.image import ImageRecord
from image_store.entrypoints.images.answer_schemas import ImageAnswer
from image_store.entrypoints.images.attribute_schemas import ImageAttributes, ImagePatch
from image_store_cli.commands.show import rows_of

ROOT = Path(__file__).resolve().parents[3]
NAMES = {each.name for each in fields(Attributes)}
SWITCHED = {"visibility"}
"""Attributes that the console changes beside its form."""


def documented() -> dict[str, tuple[str, str]]:
    """Where docs/data-model.md says that attributes are stored, and whether a patch changes them."""
    section = (ROOT / "docs/data-model.md").read_text().partition("\n### Attributes\n")[2].partition("\n#")[0]
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \| (yes|no) \|$", section, flags=re.MULTILINE)
    return {name: (row, changes) for name, row, changes in rows}


def stored_in(name: str) -> str:
    if name in DETAIL_ATTRIBUTES:
        return "`DETAIL`"
    return "`META`" if name in {each.name for each in fields(ImageRecord)} else "not stored"


def image(**attributes: Any) -> dict[str, Any]:
    """An image as the API answers it, without any attribute but these."""
    facts = {"id": "i", "filename": "cat.png", "status": "ready", "visibility": "private", "kind": "upload"}
    picture = {"content_type": "image/png", "width": 1, "height": 1, "size_bytes": 1, "sha256": "0"}
    times = {"created_at": "2026-03-01T12:00:00Z", "updated_at": "2026-03-01T12:00:00Z"}
    return facts | picture | times | attributes


def test_requests_take_every_attribute() -> None:
    assert set(ImageAttributes.model_fields) == NAMES
    assert set(ImagePatch.model_fields) < NAMES


def test_responses_show_every_stored_attribute() -> None:
    assert set(DETAIL_ATTRIBUTES) < set(ImageAnswer.model_fields)
    assert NAMES - set(ImageAnswer.model_fields) == {"on_duplicate"}


def test_the_console_edits_what_a_patch_changes() -> None:
    source = (ROOT / "functions/site/console/viewer/attributes.js").read_text()
    table = source.partition("export const ATTRIBUTES = [")[2].partition("\n];")[0]
    edited = re.findall(r'^(?:  line\(|    name: )"(\w+)"', table, flags=re.MULTILINE)

    assert sorted(edited) == sorted(set(ImagePatch.model_fields) - SWITCHED)


def test_the_documentation_names_every_attribute_its_row_and_whether_it_changes() -> None:
    assert documented() == {
        name: (stored_in(name), "yes" if name in ImagePatch.model_fields else "no") for name in NAMES
    }


def test_the_command_line_shows_attributes_of_every_form() -> None:
    shown = dict(
        rows_of(image(rating=4, tags=["a", "b"], groups={"trip": ["1", "2"]}, metadata={"mood": "calm"}))
    )

    assert (shown["rating"], shown["tags"], shown["groups"], shown["metadata mood"]) == (
        "4",
        "a, b",
        "trip:1, trip:2",
        "calm",
    )


def test_the_command_line_shows_an_attribute_that_it_does_not_know() -> None:
    shown = rows_of(image(place_of_origin="Lisbon"))

    assert ("place of origin", "Lisbon") in shown
