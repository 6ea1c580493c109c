"""What the audit trail calls a change, and what it never says (F4)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from image_store.adapters.dynamodb.images import records
from image_store.adapters.dynamodb.images.changes import change_of
from image_store.domain.callers.actor import UNNAMED, Actor
from image_store.domain.delivery.renditions import Placeholder, Rendition
from image_store.domain.images.details import Details
from image_store.domain.images.image import Image, ImageRecord, Kind, State, Visibility
from image_store.domain.images.media import MediaType
from image_store.domain.operations.audit import AuditEntry
from image_store.entrypoints.callers.actors import act_as, current_actor
from image_store.entrypoints.operations.audit import handle_trail, line_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MARK = "ZANZIBAR"
THUMB = Rendition("thumb", MediaType.JPEG, 300, 200, 9_000)
READY = ImageRecord(
    id="019ca945-0a00-7000-8000-000000000001",
    owner="alice",
    state=State.READY,
    attempt="a" * 32,
    version=2,
    change="c2",
    folder=f"images/{MARK}/",
    kind=Kind.GENERATED,
    visibility=Visibility.PRIVATE,
    filename=f"{MARK}.png",
    media_type=MediaType.PNG,
    size_bytes=97,
    width=16,
    height=12,
    sha256="0" * 64,
    placeholder=Placeholder("LEHV6nWB2yk8", "#abcdef"),
    renditions=(THUMB,),
    created_at=NOON,
    updated_at=NOON,
    category=MARK,
)
PENDING = replace(READY, state=State.PENDING, version=1, change="c1", renditions=())
SAYING = Details(
    title=MARK,
    alt_text=MARK,
    tags=(MARK,),
    groups=(f"session:{MARK}",),
    metadata={MARK: MARK},
    generation={"prompt": MARK, "model": MARK, "original_url": f"https://example.com/?token={MARK}"},
    analysis={"response_context": MARK},
    warnings=(MARK,),
)


def changed(
    before: ImageRecord | None, after: ImageRecord | None, actor: Actor | None = UNNAMED
) -> AuditEntry:
    return AuditEntry("e1", NOON, before, after, actor)


def then(record: ImageRecord, **changes: Any) -> ImageRecord:
    """The image after one more change."""
    return replace(record, version=record.version + 1, change=f"c{record.version + 1}", **changes)


PUBLISHED = then(READY, publication="p1", visibility=Visibility.PUBLIC)
TRASHED = then(READY, state=State.TRASHED)
DELETING = then(READY, state=State.DELETING)
TOMBSTONE = then(DELETING, state=State.TOMBSTONE)
INTENDED = then(READY, intent="p1")
MADE = Rendition("w640", MediaType.AVIF, 640, 480, 5_000, making="0123456789abcdef")


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        (None, PENDING, ("reserved",)),
        (None, READY, ("recovered",)),
        (None, TRASHED, ("recovered",)),
        (PENDING, READY, ("stored",)),
        (PENDING, PUBLISHED, ("stored", "published")),
        (PENDING, then(PENDING, queued_at=NOON), ("upload_advanced",)),
        (PENDING, then(PENDING, renditions=(THUMB,)), ("upload_advanced",)),
        (PENDING, then(PENDING, refusal="invalid_image"), ("upload_refused",)),
        (PENDING, then(PENDING, state=State.DELETING), ("deleting",)),
        (READY, then(READY), ("edited",)),
        (READY, INTENDED, ("publishing",)),
        (INTENDED, then(INTENDED, intent=None, publication="p1"), ("published",)),
        (INTENDED, then(INTENDED, intent=None), ("publishing_given_up",)),
        (PUBLISHED, then(PUBLISHED, publication=None), ("unpublished",)),
        (PUBLISHED, then(PUBLISHED, publication="p2"), ("unpublished", "published")),
        (PUBLISHED, then(PUBLISHED, publication=None, state=State.TRASHED), ("trashed", "unpublished")),
        (READY, replace(READY, amendment="m1", renditions=(THUMB, MADE)), ("renditions_added",)),
        (READY, replace(READY, amendment="m1", transformed=True), ("transform_added",)),
        (READY, TRASHED, ("trashed",)),
        (TRASHED, then(TRASHED, state=State.READY), ("restored",)),
        (READY, DELETING, ("deleting",)),
        (DELETING, TOMBSTONE, ("deleted",)),
        (TOMBSTONE, None, ("forgotten",)),
        (READY, None, ("record_lost",)),
        (READY, replace(READY, owner="mallory"), ("changed_outside",)),
        (READY, replace(READY, state=State.TRASHED), ("changed_outside",)),
    ],
)
def test_a_change_lists_its_actions(
    before: ImageRecord | None, after: ImageRecord | None, what: tuple[str, ...]
) -> None:
    assert changed(before, after).actions == what


def test_a_change_without_a_record_is_an_error() -> None:
    with pytest.raises(ValueError, match="without a record"):
        _ = changed(None, None).image


def row_of(image: Image, actor: Actor) -> dict[str, Any]:
    """The stream's record of a new META row."""
    rows = records.rows_of(image)
    ((key, item),) = [(key, row) for key, row in rows.items() if key[1] == "META"]
    return {
        "eventID": "e1",
        "dynamodb": {
            "ApproximateCreationDateTime": NOON.timestamp(),
            "Keys": {"pk": {"S": key[0]}, "sk": {"S": key[1]}},
            "SequenceNumber": "1",
            "NewImage": item | records.signature(image.record, actor),
        },
    }


@pytest.mark.parametrize("state", [State.PENDING, State.READY, State.TRASHED])
def test_a_line_has_no_text_that_a_person_wrote(state: State, capsys: pytest.CaptureFixture[str]) -> None:
    row = row_of(Image(replace(READY, state=state), SAYING), Actor.subject("alice", "r1"))
    assert MARK in json.dumps(row)

    handle_trail({"Records": [row]}, read=change_of)

    out = capsys.readouterr().out
    assert json.loads(out)["image_id"] == READY.id
    assert MARK not in out


def test_a_line_has_no_link_or_key() -> None:
    """Neither the publication, which is the link's secret, nor an attempt, which is part of every key."""
    record = replace(
        PUBLISHED, intent="secret-intent", publication="secret-publication", staging="secret-staging"
    )

    line = json.dumps(line_of(changed(None, record)))

    assert "secret" not in line
    assert record.attempt not in line


def test_a_subject_cannot_break_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    owner = 'al\u2028ice" \u202e\n'
    row = row_of(Image(replace(READY, owner=owner), SAYING), Actor.subject(owner, "r1"))

    handle_trail({"Records": [row]}, read=change_of)

    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["by"] == f"subject:{owner}"


@pytest.mark.parametrize(
    "actor",
    [
        Actor.subject("alice", "aBcDeFgHiJkLmNo="),
        Actor.subject("bob with a space", "aBcDeFgHiJkLmNo="),
        Actor.subject("owner", "r1"),
        Actor.function("cleanup", "8f5a1f6e-0000-4000-8000-000000000000"),
        UNNAMED,
    ],
)
def test_the_actor_of_a_change_is_read_back(actor: Actor) -> None:
    change = change_of(row_of(Image(READY, Details()), actor))

    assert change is not None
    assert change.actor == actor


def test_a_subject_cannot_pass_for_a_function() -> None:
    assert Actor.subject("cleanup", "r1") != Actor.function("cleanup", "r1")
    assert Actor.subject("function:cleanup", "r1").name == "subject:function:cleanup"


def test_an_old_record_has_no_actor() -> None:
    row = row_of(Image(READY, Details()), UNNAMED)
    del row["dynamodb"]["NewImage"]["by"]

    change = change_of(row)

    assert change is not None
    assert change.actor is None
    assert line_of(change)["by"] is None


def test_an_actor_takes_few_bytes_of_a_record() -> None:
    """Of a write unit, a kilobyte, at most a twentieth."""
    for actor in (Actor.subject("alice", "a" * 16), Actor.function("generate", "0" * 36)):
        ((name, value),) = records.signature(READY, actor).items()
        assert len(name) + len(value["S"]) <= 58


def test_the_last_actor_set_is_the_current_one() -> None:
    before = current_actor()

    act_as(Actor.function("cleanup", "r1"))
    first = current_actor()
    act_as(before)

    assert first == Actor.function("cleanup", "r1")
    assert current_actor() == before


def test_the_time_of_a_line_is_that_of_the_write() -> None:
    row = row_of(Image(READY, Details()), UNNAMED)
    row["dynamodb"]["ApproximateCreationDateTime"] = (NOON + timedelta(seconds=90)).timestamp()

    change = change_of(row)

    assert change is not None
    assert line_of(change)["time"] == "2026-03-01T12:01:30.000Z"
