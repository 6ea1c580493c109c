"""Records in memory."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from image_store.adapters.dynamodb.finding.cards import CARD_ALT_TEXT_CHARS, CARD_FILENAME_CHARS
from image_store.domain.deadlines import CLOCK_SKEW
from image_store.domain.delivery.publication import PublicationRow
from image_store.domain.delivery.renditions import Rendition
from image_store.domain.errors import Conflict, QuotaExceeded, UnreadableRow
from image_store.domain.finding.cards import Card, thumb_of
from image_store.domain.finding.filters import conditions_of, row_attributes
from image_store.domain.finding.lists import MAX_EXAMINED_ROWS, CardPage, ListQuery, MemberPage, OwnerGroup
from image_store.domain.ids import created_at, first_id_at
from image_store.domain.images.details import Details
from image_store.domain.images.image import Image, ImageRecord, RecordPage, RecordsById, State
from image_store.domain.images.ingest import SweepPosition, is_note_valid
from image_store.domain.images.quota import Quota, Usage
from image_store.domain.images.reservation import LONGEST_RESERVATION, Copies, IdempotencyRow, Reservation
from image_store.domain.upkeep.cleanup import POLICIES_EVERY
from tests.fakes.counters import MemoryCounters
from tests.fakes.rows import Rows

_COUNTED = frozenset({State.PENDING, State.READY, State.TRASHED})
_PROJECTED = frozenset({State.READY, State.TRASHED})


class MemoryRepository(Rows):
    """Rows in memory; `records`, `publication_rows` and `owners` are there for tests to look at.

    Guards, groups, copies and usage are read off the records, so that they can never disagree with them.
    """

    def __init__(self, *, policies_after_save: bool = False) -> None:
        self.policies_after_save = policies_after_save
        self.records: dict[str, Image] = {}
        self.publication_rows: dict[str, PublicationRow] = {}
        self._notes: dict[str, tuple[str, datetime]] = {}
        self._sweeps: dict[str, SweepPosition] = {}
        self._keys: dict[str, IdempotencyRow] = {}
        self.owners: dict[str, datetime] = {}
        self._renderings: dict[str, tuple[str, datetime]] = {}
        self.last_versions: dict[str, int] = {}  # of images that ended, as projections remember them
        self.unreadable: set[str] = set()
        """Records that are there and cannot be read."""
        self.promised: Counter[str] = Counter()
        """Images by owner that are counted before they are stored, by whoever has promised them."""
        self.counters = MemoryCounters()

    @property
    def due_publications(self) -> dict[str, PublicationRow]:
        """The rows of publications that are not current."""
        return {name: row for name, row in self.publication_rows.items() if row.due_at is not None}

    # Writes -------------------------------------------------------------------------------------------

    def before_write(self, write: str) -> None:
        """Called before a record is reserved, replaced or amended."""

    def reserve(self, reservation: Reservation) -> None:
        self.before_write("reserve")
        record, idempotency = reservation.image.record, reservation.idempotency
        if self._is_mine(record):
            return
        if record.counted and reservation.quota.enforced:
            self._check_quota(record, reservation.quota)
        guard = self.copies(record.owner, record.sha256).guard
        key_row = self._keys.get(idempotency.name) if idempotency is not None else None
        if (
            record.id in self.records
            or (record.guarded and guard is not None)
            or (key_row is not None and not key_row.is_expired(record.updated_at))
        ):
            raise _conflict()
        self.counters.charge(reservation.charges)
        self.records[record.id] = reservation.image
        if idempotency is not None:
            expires_at = reservation.idempotency_expires_at.replace(microsecond=0)
            self._keys[idempotency.name] = IdempotencyRow(idempotency.fingerprint, record.id, expires_at)
        if reservation.publication is not None:
            self._keep(reservation.publication)

    def replace(
        self,
        before: Image,
        after: Image,
        *,
        publications: Sequence[PublicationRow] = (),
    ) -> None:
        self.before_write(f"{before.record.state} → {after.record.state}")
        if self._is_mine(after.record):
            return
        self._check_unchanged(before.record)
        self.records[after.record.id] = after
        if after.record.state is State.READY:
            self._queue(
                after.record.owner, after.record.updated_at, stored=before.record.state is State.PENDING
            )
        rows = (*_current_publication(after.record), *publications)
        for row in _current_publication(before.record):
            if row.publication not in {each.publication for each in rows}:
                self.publication_rows.pop(row.publication, None)
        for row in rows:
            self._keep(row)
        abandoned = before.record.state is State.PENDING and after.record.state is State.DELETING
        if abandoned and before.record.idempotency is not None:
            self._keys.pop(before.record.idempotency, None)

    def _queue(self, owner: str, at: datetime, *, stored: bool) -> None:
        """What the projector does, which follows at once here."""
        if owner not in self.owners or (stored and self.policies_after_save and self.owners[owner] > at):
            self.owners[owner] = at

    def forget(self, image: Image) -> None:
        if image.record.id in self.records:
            self._check_unchanged(image.record)
            del self.records[image.record.id]
            self.last_versions[image.record.id] = image.record.version

    def recover(self, image: Image) -> Image:
        self.before_write("recover")
        record = image.record
        if not self._is_mine(record):
            if record.id in self.records:
                raise _conflict()
            is_guarded = record.guarded and self.copies(record.owner, record.sha256).guard is None
            version = max(record.version, self.last_versions.get(record.id, -1) + 1)
            record = replace(record, guarded=is_guarded, version=version)
            self.records[record.id] = replace(image, record=record)
            for row in _current_publication(record):
                self._keep(row)
            if record.state is State.READY:
                self._queue(record.owner, record.updated_at, stored=True)
        return self.records[record.id]

    def ended(self, versions: Mapping[str, int]) -> set[str]:
        return {name for name, version in versions.items() if self.last_versions.get(name, 0) > version}

    def amend(self, before: ImageRecord, after: ImageRecord) -> None:
        self.before_write("amend")
        stored = self.records.get(after.id)
        if stored is not None and stored.record.amendment == after.amendment:
            return
        self._check_unchanged(before)
        self.records[after.id] = replace(self.records[after.id], record=after)

    def add_stray_copies(self, row: PublicationRow) -> None:
        self.publication_rows.setdefault(row.publication, row)

    def announce_copy(self, publication: str, key: str, *, until: datetime) -> bool:
        row = self.publication_rows.get(publication)
        if row is None or row.due_at is not None:
            return False
        self.publication_rows[publication] = replace(row, keys=row.keys | {key}, copied_until=until)
        return True

    def forget_publication(self, row: PublicationRow, *, at: datetime) -> None:
        row_before = self.publication_rows.get(row.publication)
        if row_before is None or row_before.due_at is None or row_before.keys != row.keys:
            return
        latest = at + LONGEST_RESERVATION + CLOCK_SKEW
        if row_before.copied_until is None or not at <= row_before.copied_until <= latest:
            del self.publication_rows[row.publication]

    def take_rendering(self, name: str, *, holder: str, at: datetime, until: datetime) -> bool:
        lease = self._renderings.get(name)
        if lease is not None and lease[0] != holder and at <= lease[1] <= until + CLOCK_SKEW:
            return False
        self._renderings[name] = (holder, until)
        return True

    def _keep(self, row: PublicationRow) -> None:
        row_before = self.publication_rows.get(row.publication, row)
        self.publication_rows[row.publication] = replace(
            row, keys=row.keys | row_before.keys, copied_until=row_before.copied_until
        )

    def _is_mine(self, record: ImageRecord) -> bool:
        stored = self.get_record(record.id)
        return stored is not None and stored.change == record.change

    def _check_unchanged(self, record: ImageRecord) -> None:
        stored = self.get_record(record.id)
        seen = (record.version, record.attempt, record.state, record.amendment)
        if stored is None or (stored.version, stored.attempt, stored.state, stored.amendment) != seen:
            raise _conflict()

    def _check_quota(self, record: ImageRecord, quota: Quota) -> None:
        used = self.usage(record.owner)
        images = used.images + self.promised[record.owner]
        if (quota.images and images >= quota.images) or (
            quota.size_bytes and used.size_bytes + record.size_bytes > quota.size_bytes
        ):
            raise QuotaExceeded("The quota is used up.")

    # Reads --------------------------------------------------------------------------------------------

    def get(self, image_id: str) -> Image | None:
        if image_id in self.unreadable:
            raise UnreadableRow(f"The row {image_id} is damaged.")
        return self.records.get(image_id)

    def get_record(self, image_id: str) -> ImageRecord | None:
        image = self.get(image_id)
        return image.record if image is not None else None

    def get_records(self, image_ids: Collection[str]) -> RecordsById:
        records = RecordsById()
        records.unreadable = self.unreadable.intersection(image_ids)
        for image_id in self.records.keys() & set(image_ids) - self.unreadable:
            records[image_id] = self.records[image_id].record
        return records

    def copies(self, owner: str, sha256: str) -> Copies:
        same = [record for record in self._images(owner) if record.sha256 == sha256]
        ready = sorted((record.id for record in same if record.state is State.READY), reverse=True)
        return Copies(tuple(ready), next((record.id for record in same if record.guarded), None))

    def idempotency(self, name: str) -> IdempotencyRow | None:
        return self._keys.get(name)

    def bring_forward(self, name: str, row: IdempotencyRow, *, to: datetime) -> None:
        if self._keys.get(name) == row:
            self._keys[name] = replace(row, expires_at=to.replace(microsecond=0))

    def find_settled(self, names: Collection[str], *, at: datetime) -> set[str]:
        now = at.replace(microsecond=0)
        stored = {name for name, row in self._keys.items() if row.expires_at >= now}
        noted = {name for name, (what, until) in self._notes.items() if is_note_valid(what, until, at)}
        return (stored | noted) & set(names)

    def note(self, name: str, *, what: str, expires_at: datetime) -> None:
        self._notes[name] = (what, expires_at.replace(microsecond=0))

    def sweep_position(self, sweep: str) -> SweepPosition | None:
        return self._sweeps.get(sweep)

    def keep_sweep_position(self, sweep: str, position: SweepPosition) -> None:
        self._sweeps[sweep] = position

    def members(self, group: OwnerGroup, *, after: str | None, limit: int) -> MemberPage:
        member_ids = sorted(
            image.record.id
            for image in self.records.values()
            if image.record.owner == group.owner
            and image.record.state is State.READY
            and group.name in image.details.groups
            and image.record.id > (after or "")
        )
        page = tuple(member_ids[:limit])
        return MemberPage(page, page[-1] if len(member_ids) > limit else None)

    def usage(self, owner: str) -> Usage:
        # What was reserved without a quota is known from the projections, which follow at once here.
        sizes = [
            record.size_bytes
            for record in self._images(owner)
            if record.state in (_COUNTED if record.counted else _PROJECTED)
        ]
        return Usage(len(sizes), sum(sizes))

    def publication(self, publication: str) -> PublicationRow | None:
        return self.publication_rows.get(publication)

    def publications(self, names: Collection[str]) -> dict[str, PublicationRow]:
        return {name: self.publication_rows[name] for name in names if name in self.publication_rows}

    def due(self, before: datetime) -> Iterator[str]:
        waiting = [
            (image.record.due_at, image_id)
            for image_id, image in self.records.items()
            if image.record.due_at is not None
        ]
        waiting += [
            (row.due_at, f"publication:{name}")
            for name, row in self.publication_rows.items()
            if row.due_at is not None
        ]
        return (name for due_at, name in sorted(waiting) if due_at <= before)

    def scan(self, *, after: str | None, limit: int) -> tuple[RecordPage, str | None]:
        image_ids = sorted(image_id for image_id in self.records if image_id > (after or ""))
        page = RecordPage()
        for image_id in image_ids[:limit]:
            if image_id in self.unreadable:
                page.unreadable.add(image_id)
            else:
                page.append(self.records[image_id].record)
        return page, image_ids[limit - 1] if len(image_ids) > limit else None

    def owners_due(self, before: datetime) -> Iterator[str]:
        latest = before + POLICIES_EVERY + CLOCK_SKEW
        waiting = sorted(
            (due_at, owner) for owner, due_at in self.owners.items() if not before < due_at <= latest
        )
        return (owner for _, owner in waiting)

    def owner_done(self, owner: str, *, next_at: datetime) -> None:
        self.owners[owner] = next_at

    def cards(self, query: ListQuery, *, after: str | None) -> CardPage:
        rows = sorted(
            (image for image in self.records.values() if _is_listed(image, query, after)),
            key=lambda image: image.record.id,
            reverse=query.descending,
        )
        page: list[Card] = []
        for image in rows[:MAX_EXAMINED_ROWS]:
            if len(page) == query.limit:
                return CardPage(tuple(page), page[-1].id)
            if _is_wanted(image, query):
                page.append(card_of(image))
        unread = len(rows) > MAX_EXAMINED_ROWS
        return CardPage(tuple(page), rows[MAX_EXAMINED_ROWS - 1].record.id if unread else None)

    def details(self, image_ids: Collection[str]) -> Mapping[str, Details]:
        return {name: self.records[name].details for name in image_ids if name in self.records}

    def renditions(self, image_ids: Collection[str]) -> Mapping[str, tuple[Rendition, ...]]:
        records = [self.records[name].record for name in image_ids if name in self.records]
        return {
            record.id: tuple(each for each in record.renditions if each.making is None) for record in records
        }

    def _images(self, owner: str) -> Iterator[ImageRecord]:
        return (image.record for image in self.records.values() if image.record.owner == owner)


def _current_publication(record: ImageRecord) -> list[PublicationRow]:
    """The row that follows from what an image shows."""
    if record.state is not State.READY or record.publication is None:
        return []
    return [PublicationRow(record.publication, record.id, record.public_keys(record.publication), None)]


def _is_listed(image: Image, query: ListQuery, after: str | None) -> bool:
    """Whether the image has a row in the list that is read, on the far side of `after`."""
    record = image.record
    if record.owner != query.owner or record.state is not (State.TRASHED if query.trashed else State.READY):
        return False
    return (
        _drives(image, query)
        and (query.since is None or record.id >= first_id_at(query.since))
        and (query.until is None or record.id < first_id_at(query.until))
        and (after is None or (record.id < after if query.descending else record.id > after))
    )


def _drives(image: Image, query: ListQuery) -> bool:
    """Whether the image is among the fewest rows that hold all the list asks for."""
    if query.group is not None:
        return query.group in image.details.groups
    if query.tag is not None:
        return query.tag in image.details.tags
    if not query.trashed and not query.from_records:
        if query.category is not None:
            return query.category == image.record.category
        if query.model is not None:
            return query.model == (image.details.generation or {}).get("model")
    return True


def meets(image: Image, query: ListQuery) -> bool:
    """Whether the image belongs to what a list asks for."""
    return _is_listed(image, query, None) and _is_wanted(image, query)


def _is_wanted(image: Image, query: ListQuery) -> bool:
    """Whether a row that is read belongs to the answer."""
    attributes = row_attributes(image.record, image.details, in_list_row=True)
    return all(condition.holds(attributes) for condition in conditions_of(query, on_list_rows=True))


def card_of(image: Image) -> Card:
    """What a list tells of an image."""
    record, alt_text = image.record, image.details.alt_text
    return Card(
        id=record.id,
        kind=record.kind,
        visibility=record.visibility,
        filename=record.filename[:CARD_FILENAME_CHARS],
        media_type=record.media_type,
        size_bytes=record.size_bytes,
        width=record.width,
        height=record.height,
        alt_text=alt_text[:CARD_ALT_TEXT_CHARS] if alt_text else None,
        alt_text_given=image.details.alt_text_given,
        placeholder=record.placeholder,
        thumb_type=thumb_of(record).media_type,
        private_prefix=f"{record.prefix}{record.attempt}/",
        publication=record.publication,
        created_at=created_at(record.id),
        renditions=tuple(rendition for rendition in record.renditions if rendition.making is None),
    )


def _conflict() -> Conflict:
    return Conflict("Another request changed this at the same moment.")
