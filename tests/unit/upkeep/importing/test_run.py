"""Imports: what moves here, once, however often a worker fails or a source is busy."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from image_store.domain.errors import SourceUnreadable
from image_store.domain.images.image import Image, State, Visibility
from image_store.domain.upkeep.importing import (
    BATCH_ITEMS,
    LONGEST_REST,
    MAX_WAITS,
    Import,
    ImportOptions,
    ImportStatus,
    ItemPage,
    SourceItem,
)
from image_store.domain.work import ImportStep
from image_store.ports.upkeep import SourceBusy
from tests.fakes.imports import MemorySource
from tests.fakes.store import Store
from tests.samples import OWNER, PICTURE

DATE = datetime(2011, 2, 3, 4, 5, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
LIMITS = "image_store.services.upkeep.importing.run"
"""Where the limits are read."""
OPTIONS = ImportOptions(source="old", owner=OWNER)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def old(store: Store) -> MemorySource:
    return store.import_sources.by_name["old"]


def picture(number: int) -> bytes:
    return PICTURE + f" number {number}".encode()


def item(number: int, **facts: Any) -> SourceItem:
    return SourceItem(id=f"photos/{number}", filename=f"{number}.png", **facts)


def fill(old: MemorySource, images: int) -> None:
    for number in range(images):
        old.add(item(number), picture(number))


def receive(store: Store) -> ImportStep:
    """Do the oldest work that waits, a second later."""
    work = store.work.waiting[0]
    assert isinstance(work, ImportStep)
    store.clock.instant += timedelta(seconds=1)
    store.import_run.carry_on(work, until=store.clock.now() + HOUR)
    store.work.waiting.pop(0)
    return work


def finish(store: Store, *, most_steps: int = 500) -> Import:
    """Do all work there is; a wait is over at once."""
    for _ in range(most_steps):
        if not store.work.waiting:
            return store.imports.saved[-1]
        receive(store)
        last = store.imports.saved[-1]
        if last.waits_until is not None:
            store.clock.instant = max(store.clock.instant, last.waits_until)
    raise AssertionError("the import does not end")


def run(store: Store, **options: Any) -> Import:
    store.clock.instant += timedelta(seconds=1)
    store.import_requests.begin(replace(OPTIONS, **options))
    return finish(store)


def numbers(job: Import) -> tuple[int, int, int]:
    return (job.tally.stored, job.tally.existed, job.tally.failed)


def images(store: Store) -> list[Image]:
    return [image for image in store.repository.records.values() if image.record.state is State.READY]


def records(store: Store, job: Import) -> dict[str, Any]:
    page = store.import_requests.records(job, after=None, limit=1000)
    return {record.source_id: record for record in page.records}


def test_every_image_moves_with_what_its_source_knows(store: Store, old: MemorySource) -> None:
    old.add(
        item(
            1,
            folder="a/b c",
            title=" A\ncat ",
            alt_text="x",
            tags=("one", 2, "t" * 65, "two"),
            metadata={"width": 3, "big": "b" * 5_000},
            created_at=DATE,
            visibility=Visibility.UNLISTED,
            size_bytes=len(picture(1)),
        ),
        picture(1),
    )

    job = run(store, groups=("album:x",), tags=("all",))

    (image,) = images(store)
    details = image.details
    assert (job.status, numbers(job), job.tally.size_bytes) == (
        ImportStatus.SUCCEEDED,
        (1, 0, 0),
        len(picture(1)),
    )
    assert (image.record.created_at, image.record.stored_at) == (DATE, image.record.updated_at)
    assert (image.record.owner, image.record.filename) == (OWNER, "1.png")
    assert image.record.visibility is Visibility.UNLISTED
    assert (details.title, details.alt_text, details.tags) == ("A cat", "x", ("all", "one", "two"))
    assert (details.groups, details.metadata) == (("album:x", "folder:a/b c"), {"width": 3})
    assert records(store, job)["photos/1"].image_id == image.record.id


def test_a_list_of_many_pages_is_read_to_its_end(store: Store, old: MemorySource) -> None:
    fill(old, 2 * BATCH_ITEMS + 1)

    job = run(store)

    assert numbers(job) == (2 * BATCH_ITEMS + 1, 0, 0)
    assert old.pages == [None, str(BATCH_ITEMS), str(2 * BATCH_ITEMS)]
    assert len(images(store)) == job.tally.stored


def test_a_second_import_fetches_and_stores_nothing_again(store: Store, old: MemorySource) -> None:
    fill(old, 3)
    run(store)
    old.fetched.clear()

    again = run(store)

    assert (numbers(again), old.fetched, len(images(store))) == ((0, 3, 0), [], 3)


def test_another_owner_gets_images_of_their_own(store: Store, old: MemorySource) -> None:
    fill(old, 1)
    run(store)

    assert numbers(run(store, owner="bob")) == (1, 0, 0)


def test_an_image_that_was_deleted_here_does_not_return(store: Store, old: MemorySource) -> None:
    fill(old, 1)
    run(store)
    (image,) = images(store)
    store.deletion.delete(OWNER, image.record.id, permanent=True)

    assert numbers(run(store)) == (0, 1, 0)
    assert not images(store)


def test_what_a_killed_worker_stored_counts_as_stored_once(store: Store, old: MemorySource) -> None:
    fill(old, 3)
    store.import_requests.begin(OPTIONS)
    keep = store.imports.keep_records

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    store.imports.keep_records = dies  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        receive(store)
    store.imports.keep_records = keep  # type: ignore[method-assign]

    job = finish(store)

    assert (numbers(job), len(images(store))) == ((3, 0, 0), 3)


@pytest.mark.parametrize(
    ("facts", "data", "code"),
    [
        ({"size_bytes": 5}, picture(1), "checksum_mismatch"),
        ({"media_type": "image/jpeg"}, picture(1), "content_type_mismatch"),
        ({"media_type": "image/svg+xml"}, picture(1), "unsupported_media_type"),
        ({}, b"", "invalid_request"),
        ({"refusal": "It is archived."}, picture(1), "source_unreadable"),
        ({"size_bytes": 10**12}, picture(1), "payload_too_large"),
    ],
)
def test_a_lie_of_the_source_is_an_error_and_spoils_nothing(
    store: Store, old: MemorySource, facts: dict[str, Any], data: bytes, code: str
) -> None:
    old.add(item(1, **facts), data)
    old.add(item(2), picture(2))

    job = run(store)

    assert numbers(job) == (1, 0, 1)
    assert [fault.code for fault in job.tally.errors] == [code]
    assert records(store, job)["photos/1"].code == code
    assert len(store.repository.records) == 1


@pytest.mark.parametrize(
    ("filename", "stored"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("a\x00b\r\nX-Header: 1.png", "abX-Header: 1.png"),
        ("gpj\u202eexe.jpg", "gpjexe.jpg"),
        ("../..", "image.png"),
        ("x" * 2_000 + ".png", "x" * 251 + ".png"),
    ],
)
def test_a_hostile_name_is_made_harmless(store: Store, old: MemorySource, filename: str, stored: str) -> None:
    old.add(SourceItem(id=f"photos/{filename}", filename=filename, folder="../\x07../a"), picture(1))

    job = run(store)

    assert numbers(job) == (1, 0, 0)
    (image,) = images(store)
    assert image.record.filename == stored
    assert not any(".." in key for key in store.private.objects)
    assert all(group.isprintable() for group in image.details.groups)


def test_images_of_one_name_are_all_stored_and_one_that_is_listed_twice_once(
    store: Store, old: MemorySource
) -> None:
    for number in range(2):
        old.add(SourceItem(id=f"{number}/cat.png", filename="cat.png"), picture(number))
    old.items.append(old.items[0])

    job = run(store)

    assert numbers(job) == (2, 0, 0)
    assert [image.record.filename for image in images(store)] == ["cat.png"] * 2


def test_an_image_that_changed_at_its_source_is_named(store: Store, old: MemorySource) -> None:
    old.add(item(1, size_bytes=len(picture(1))), picture(1))
    run(store)
    old.items[0] = replace(old.items[0], size_bytes=7)

    assert [fault.code for fault in run(store).tally.errors] == ["idempotency_mismatch"]


@pytest.mark.parametrize("at", ["list", "photos/1"])
def test_a_source_that_limits_the_rate_is_left_alone_as_long_as_it_says(
    store: Store, old: MemorySource, at: str
) -> None:
    fill(old, 3)
    left = 4

    def busy(call: str) -> None:
        nonlocal left
        if call == at and left:
            left -= 1
            raise SourceBusy(timedelta(minutes=40), limits_rate=True)

    old.meanwhile = busy
    store.import_requests.begin(OPTIONS)
    receive(store)
    waiting = store.imports.saved[-1]
    early = receive(store)

    assert waiting.status is ImportStatus.WAITING
    assert store.imports.saved[-1] == waiting  # the early message changed nothing
    assert early.step == waiting.step
    assert store.work.delays[-1] == LONGEST_REST
    assert numbers(finish(store)) == (3, 0, 0)


def test_an_image_whose_source_keeps_failing_is_given_up_and_the_others_move(
    store: Store, old: MemorySource
) -> None:
    fill(old, 3)

    def broken(call: str) -> None:
        if call == "photos/1":
            raise SourceBusy

    old.meanwhile = broken

    job = run(store)

    assert numbers(job) == (2, 0, 1)
    assert [(fault.source_id, fault.code) for fault in job.tally.errors] == [
        ("photos/1", "source_unreadable")
    ]


def test_waits_for_a_list_do_not_count_as_tries_of_its_first_image(store: Store, old: MemorySource) -> None:
    fill(old, 1)
    calls = iter([SourceBusy(), SourceBusy(), None, SourceBusy()])

    def busy(_: str) -> None:
        if (error := next(calls, None)) is not None:
            raise error

    old.meanwhile = busy

    assert numbers(run(store)) == (1, 0, 0)


def test_a_wait_by_a_clock_that_ran_ahead_is_over(store: Store, old: MemorySource) -> None:
    fill(old, 1)
    begun = store.import_requests.begin(OPTIONS)
    ahead = replace(begun, step=2, waits_until=store.clock.instant + timedelta(days=1_000))
    store.imports.save(ahead, step=1)

    receive(store)  # sends the step that is due
    receive(store)

    assert numbers(store.imports.saved[-1]) == (1, 0, 0)


def raises(error: BaseException) -> Callable[[str], None]:
    def fail(_: str) -> None:
        raise error

    return fail


def test_a_source_that_never_answers_ends_the_import(store: Store, old: MemorySource) -> None:
    old.meanwhile = raises(SourceBusy())

    job = run(store)

    assert (job.status, job.tally.errors[-1].code) == (ImportStatus.FAILED, "source_unreadable")
    assert len(store.imports.saved) == MAX_WAITS + 2


def test_a_source_that_refuses_ends_the_import(store: Store, old: MemorySource) -> None:
    old.meanwhile = raises(SourceUnreadable("no"))

    assert run(store).status is ImportStatus.FAILED
    assert run(store, source="unknown").tally.errors[-1].code == "source_unreadable"


@pytest.mark.parametrize("circle", [1, 2, 3, 7])
def test_a_list_that_repeats_its_pages_ends(store: Store, old: MemorySource, circle: int) -> None:
    fill(old, circle)
    old.page_size = 1
    old.following = lambda end: str(end % circle)

    job = run(store)

    assert (job.status, job.tally.errors[-1].source_id) == (ImportStatus.FAILED, "source")
    assert len(images(store)) == circle


def test_a_list_whose_empty_pages_never_end_ends(store: Store, old: MemorySource) -> None:
    old.following = lambda end: "7"

    assert run(store).status is ImportStatus.FAILED


class MadeUp(MemorySource):
    """Lists new ids for ever, a few on each page."""

    def page(self, cursor: str | None, *, limit: int, until: datetime) -> ItemPage:
        begin = int(cursor or 0)
        names = tuple(item(number, size_bytes=1) for number in range(begin, begin + self.page_size))
        return ItemPage(items=names, following=str(begin + max(1, self.page_size)))


@pytest.mark.parametrize("page_size", [0, 2], ids=["empty pages", "false ids"])
def test_a_list_that_is_made_up_without_end_ends(
    store: Store, monkeypatch: pytest.MonkeyPatch, page_size: int
) -> None:
    monkeypatch.setattr(f"{LIMITS}.MAX_FRUITLESS_PAGES", 20)
    endless = MadeUp()
    endless.page_size = page_size
    endless.files = dict.fromkeys((f"photos/{number}" for number in range(100)), b"other bytes")
    store.import_sources.by_name["old"] = endless

    job = run(store)

    assert (job.status, numbers(job)) == (ImportStatus.FAILED, (0, 0, 20 * page_size))
    assert "20 pages in a row" in job.tally.errors[-1].detail


def test_a_dry_run_of_such_a_list_ends_too(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{LIMITS}.MAX_IMAGES", 50)
    store.import_sources.by_name["old"] = MadeUp()
    store.import_sources.by_name["old"].page_size = 7

    job = run(store, dry_run=True)

    assert (job.status, job.tally.seen) == (ImportStatus.FAILED, 56)
    assert "more than 50 images" in job.tally.errors[-1].detail


def test_bad_images_between_good_ones_end_no_import(
    store: Store, old: MemorySource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{LIMITS}.MAX_FRUITLESS_PAGES", 3)
    old.page_size = 1
    for number in range(9):
        old.add(item(number), b"" if number % 3 else picture(number))

    assert (run(store).status, len(images(store))) == (ImportStatus.SUCCEEDED, 3)


def test_the_pace_of_a_source_is_kept_by_waits_between_steps(store: Store, old: MemorySource) -> None:
    fill(old, 2 * BATCH_ITEMS)
    old.rate = 3.5
    store.import_requests.begin(OPTIONS)

    receive(store)

    assert store.work.delays[-1] == timedelta(seconds=15)


def test_a_cancelled_import_ends_and_keeps_what_it_stored(store: Store, old: MemorySource) -> None:
    fill(old, 2 * BATCH_ITEMS)
    begun = store.import_requests.begin(OPTIONS)
    receive(store)

    cancelled = store.import_requests.cancel(begun.id)
    receive(store)

    assert store.import_requests.cancel(begun.id) == cancelled == store.imports.saved[-1]
    assert (cancelled.status, len(images(store))) == (ImportStatus.CANCELLED, BATCH_ITEMS)
    assert not store.work.waiting


def test_a_dry_run_counts_and_stores_nothing(store: Store, old: MemorySource) -> None:
    fill(old, 2)
    run(store)
    stored = store.contents()
    old.fetched.clear()
    old.add(item(7, size_bytes=2_000_000), b"")
    old.add(item(8), b"")
    old.add(item(9, media_type="image/svg+xml"), b"")

    job = run(store, dry_run=True)

    assert (job.status, numbers(job)) == (ImportStatus.SUCCEEDED, (2, 2, 1))
    assert (job.tally.size_bytes, job.tally.unsized) == (2_000_000, 1)
    assert (store.contents(), old.fetched) == (stored, [])


def test_old_paths_lead_to_the_image_while_it_is_published(store: Store, old: MemorySource) -> None:
    old.add(item(1, paths=("/pics/a b.png",), visibility=Visibility.UNLISTED), picture(1))
    run(store, redirects=True)
    (image,) = images(store)

    record = store.app.delivery.old_links.find("pics/a%20b.png")

    assert record.id == image.record.id
