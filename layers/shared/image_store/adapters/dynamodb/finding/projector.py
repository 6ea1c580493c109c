"""Keeps the projections of images up to date: applies each change once, and never returns to an older version.

The row `PROJECTION#{id}` holds the projected version of the record and its facts, so the difference to the next version
needs no search.

1. The row and the figures are written in one transaction. Therefore figures count every image once.
2. Writes that do not fit follow in more transactions. Each requires that the row still has the revision of the one
   before it. Until the last one, the row names the rows of both versions.
3. If a consumer stops in between, the next one that sees the image finishes the work.

The rows of figures are few, and a transaction holds each for some milliseconds. So a consumer that has many images
writes their rows `PROJECTION#{id}` and the sums of their figures together, and the other rows of each image after
that. If one of these images was changed by another consumer, nothing is written, and each image has its own turn.

Messages only name an image; its record is read as it is now. So messages may be repeated, late or reordered. The row
stays for a week after the image's end. By then no consumer can hold a copy of the image that it read before the end.
"""

import json
import logging
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from image_store.adapters.dynamodb import items, keys, schema
from image_store.adapters.dynamodb.finding import projections as rows
from image_store.adapters.dynamodb.finding.place_figures import PlaceChanges, PlaceFigures, place_changes
from image_store.adapters.dynamodb.finding.projection_row import (
    ProjectionRow,
    item_of,
    needs_projection,
    row_of,
)
from image_store.adapters.dynamodb.finding.projections import Counters, RowKey
from image_store.adapters.dynamodb.finding.rebuilds import rebuild_item, rebuild_of
from image_store.adapters.dynamodb.images import records
from image_store.adapters.dynamodb.table import DynamoTable, NamedWrite, OnTable, refused, unavailable
from image_store.adapters.dynamodb.upkeep.feed_upkeep import DynamoFeedUpkeep
from image_store.adapters.dynamodb.upkeep.policy_turns import PolicyTurns
from image_store.domain.errors import Conflict, StorageUnavailable, UnreadableRow
from image_store.domain.finding.projection import IMAGES, Rebuild, facts_of
from image_store.domain.images.image import Image, State
from image_store.ports.finding import Projector

RETENTION_AFTER_END = timedelta(days=7)
_TRIES = 5
_ROWS_READ = 3
"""The rows of an image that are read: record, details and projection."""
_log = logging.getLogger("image_store.projections")
_MOST_WRITES = 100
"""DynamoDB's limit for one transaction."""
_MOST_FIRST_WRITES = 80
"""Of these a transaction for several images has at most so many rows of projections and figures."""
_END_STATES = frozenset({State.DELETING, State.TOMBSTONE})


@dataclass(frozen=True, slots=True)
class _Change:
    """What brings the projections of one image up to date."""

    image_id: str
    row: ProjectionRow
    figures: Counters
    models: dict[RowKey, str]
    """The model in the key of a row of figures, by key."""
    writes: list[dict[str, Any]]
    """Writes of the rows that lists and searches read."""
    ends_at: datetime | None


class DynamoProjector(OnTable, Projector):
    """Projector on the one table."""

    def __init__(self, table: DynamoTable, *, policies_after_save: bool = False) -> None:
        super().__init__(table)
        self._turns = PolicyTurns(table, after_save=policies_after_save)
        self._feed = DynamoFeedUpkeep(table)
        self._places = PlaceFigures(table)

    # One image ----------------------------------------------------------------------------------------

    def project(self, image_id: str, *, epoch: int, at: datetime, again: bool = False) -> None:
        for _ in range(_TRIES):
            change = next(iter(self._changes([image_id], epoch, at, again=again)), None)
            if change is None:
                return
            try:
                self._write([change])
            except Conflict:
                continue  # another consumer was faster: read its result
            return
        raise unavailable()

    def project_together(self, image_ids: Sequence[str], *, epoch: int, at: datetime) -> Collection[str]:
        try:
            changes = self._changes(image_ids, epoch, at, again=False)
        except (StorageUnavailable, UnreadableRow):
            return image_ids
        left: set[str] = set()
        remaining: Sequence[_Change] = changes
        while remaining:
            some, remaining = _that_fit(remaining)
            try:
                left |= self._write(some)
            except (Conflict, StorageUnavailable):
                left.update(change.image_id for change in some)
        return left

    def _changes(self, image_ids: Sequence[str], epoch: int, at: datetime, *, again: bool) -> list[_Change]:
        """What these images need, as of one moment; nothing for those that are up to date."""
        rows_of_each = [
            row
            for image_id in image_ids
            for row in (keys.record(image_id), keys.detail(image_id), keys.projection(image_id))
        ]
        rows_read = iter(self._rows.get_together(rows_of_each))
        changes = []
        for image_id in image_ids:
            meta, detail, row = (next(rows_read) for _ in range(_ROWS_READ))
            image = records.image_of([item for item in (meta, detail) if item is not None])
            current = None if row is None else row_of(row)
            if not needs_projection(image, current, epoch, again=again):
                continue
            if image is not None and image.record.state is State.READY:
                is_new = current is None or current.facts is None
                self._turns.queue(image.record.owner, at, is_new=is_new and not again)
            # The figures of the system are divided, and any part may count any image: only sums are read.
            part = image_ids[0]
            changes.append(self._change(image_id, image, current, epoch, at, again=again, part=part))
        return changes

    def _change(
        self,
        image_id: str,
        image: Image | None,
        current: ProjectionRow | None,
        epoch: int,
        at: datetime,
        *,
        again: bool,
        part: str,
    ) -> _Change:
        facts = facts_of(image) if image is not None else None
        card_rows = rows.card_rows(image, facts) if image is not None and facts is not None else {}
        terms = rows.term_rows(image, facts) if image is not None and facts is not None else {}
        new = ProjectionRow(
            revision=current.revision + 1 if current else 1,
            version=image.record.version if image is not None else current.version if current else 0,
            epoch=max(epoch, current.epoch) if current else epoch,
            facts=facts,
            before=current.all_facts if current else (),
            cards=rows.digest_of(card_rows),
            terms=rows.digest_of(terms),
            is_complete=False,
        )
        writes_all = current is None or not current.is_complete or again
        old_keys = current.row_keys(image_id) if current else set()
        writes: list[dict[str, Any]] = []
        if facts is not None:
            if writes_all or (current and current.cards != new.cards):
                writes += map(self._put, card_rows.values())
            if writes_all or (current and current.terms != new.terms):
                writes += map(self._put, terms.values())
        writes += map(self._delete, sorted(old_keys - rows.row_keys(image_id, facts)))
        is_gone = image is None or image.record.state in _END_STATES
        old_facts = current.facts if current and current.epoch == new.epoch else None
        before, after = (
            rows.counters_of(image_id, each, new.epoch, part=part) for each in (old_facts, facts)
        )
        figures = rows.difference(before, after)
        models = {
            keys.model_stats(each.model): each.model for each in (old_facts, facts) if each and each.model
        }
        return _Change(
            image_id,
            new,
            figures,
            {key: models[key[1]] for key in figures if key[1] in models},
            writes,
            at + RETENTION_AFTER_END if is_gone else None,
        )

    def _write(self, changes: Sequence[_Change]) -> set[str]:
        """Write the rows of images and all their figures in one transaction, then the other rows of each image.

        Returns the images whose other rows could not all be written because another consumer changed them meanwhile;
        of a single image this raises Conflict. If the first transaction fails, nothing is written.
        """
        figures: Counters = {}
        models: dict[RowKey, str] = {}
        added: dict[RowKey, str] = {}
        for change in changes:
            models |= change.models
            for key, amounts in change.figures.items():
                figures.setdefault(key, Counter()).update(amounts)
                if amounts[IMAGES] > 0:
                    added[key] = max(change.image_id, added.get(key, ""))
        places = place_changes(figures, added)
        sums = [
            self._add(key, amounts, models.get(key))
            for key, amounts in sorted(figures.items())
            if key not in places and any(amounts.values())
        ]
        room = _MOST_WRITES - len(changes) - len(sums) - len(places)
        own_rows: list[NamedWrite] = []
        others: list[dict[str, Any]] = []
        unfinished: list[_Change] = []
        for change in changes:
            batch, left = change.writes[:room], change.writes[room:]
            room -= len(batch)
            own_rows.append(("projection", self._put_next(change, is_complete=not left)))
            others += batch
            if left:
                next_row = replace(change.row, revision=change.row.revision + 1)
                unfinished.append(replace(change, row=next_row, writes=left))
        before = self._transact([*own_rows, *(("row", write) for write in (*sums, *others))], places)
        overtaken = set()
        for change in unfinished:
            try:
                self._finish(change)
            except (Conflict, StorageUnavailable):
                if len(changes) == 1:
                    raise
                overtaken.add(change.image_id)
        self._places.remove_empty(places, before)
        return overtaken

    def _transact(self, writes: Sequence[NamedWrite], places: PlaceChanges) -> Mapping[RowKey, items.Item]:
        """Make writes together with changes of the figures of groups and tags; returns their rows from before."""
        for _ in range(_TRIES):
            before = self._places.read(places)
            of_places = [("place", write) for write in self._places.writes(places, before)]
            try:
                self._rows.transact([*writes, *of_places], settled=lambda: False, refusal=_refusal)
            except _PlacesChanged:
                continue
            return before
        raise unavailable()

    def _finish(self, change: _Change) -> None:
        """Write the rows of an image that are left, in as many transactions as they need."""
        row, writes = change.row, change.writes
        while writes:
            batch, writes = writes[: _MOST_WRITES - 1], writes[_MOST_WRITES - 1 :]
            own_row = self._put_next(replace(change, row=row), is_complete=not writes)
            self._rows.transact(
                [("projection", own_row), *(("row", write) for write in batch)], settled=lambda: False
            )
            row = replace(row, revision=row.revision + 1)

    def _put(self, item: items.Item) -> dict[str, Any]:
        return {"Put": {"TableName": self._rows.name, "Item": item}}

    def _put_next(self, change: _Change, *, is_complete: bool) -> dict[str, Any]:
        """Write the row of an image, if it has the revision before this one."""
        item = item_of(change.image_id, change.row, is_complete=is_complete, ends_at=change.ends_at)
        revision = change.row.revision
        put = {"TableName": self._rows.name, "Item": item}
        if revision == 1:
            return {"Put": {**put, "ConditionExpression": "attribute_not_exists(pk)"}}
        current = {":current": {"N": str(revision - 1)}}
        return {
            "Put": {**put, "ConditionExpression": "revision = :current", "ExpressionAttributeValues": current}
        }

    def _delete(self, key: RowKey) -> dict[str, Any]:
        return {"Delete": {"TableName": self._rows.name, "Key": keys.key(*key)}}

    def _add(self, key: RowKey, amounts: Counter[str], model: str | None) -> dict[str, Any]:
        """Add to a row of figures; the row of a model also holds its name."""
        changed = {name: amount for name, amount in amounts.items() if amount}
        names = {f"#n{number}": name for number, name in enumerate(changed)}
        values: dict[str, Any] = {
            f":n{number}": {"N": str(amount)} for number, amount in enumerate(changed.values())
        }
        expression = "ADD " + ", ".join(f"#n{number} :n{number}" for number in range(len(changed)))
        if model is not None:
            expression += " SET model = :model"
            values[":model"] = {"S": model}
        return {
            "Update": {
                "TableName": self._rows.name,
                "Key": keys.key(*key),
                "UpdateExpression": expression,
                "ExpressionAttributeNames": names,
                "ExpressionAttributeValues": values,
            }
        }

    # All of them --------------------------------------------------------------------------------------

    def rebuild(self) -> Rebuild:
        item = self._rows.call("get_item", Key=keys.REBUILD, ConsistentRead=True).get("Item")
        return Rebuild() if item is None else rebuild_of(item)

    def store_rebuild(self, rebuild: Rebuild) -> Rebuild:
        next_step = replace(rebuild, step=rebuild.step + 1)
        response = self._rows.conditional(
            "put_item",
            Item=rebuild_item(next_step),
            ConditionExpression="attribute_not_exists(pk) OR step = :current",
            ExpressionAttributeValues={":current": {"N": str(rebuild.step)}},
        )
        if response is None:
            raise Conflict("Another run continues the rebuild at this moment.")
        return next_step

    def rebuild_slice(
        self, *, after: str | None, limit: int, epoch: int, at: datetime
    ) -> tuple[int, str | None]:
        start = {} if after is None else {"ExclusiveStartKey": json.loads(after)}
        response = self._rows.call(
            "scan", ProjectionExpression="pk, sk", ConsistentRead=True, Limit=limit, **start
        )
        row_keys = [(item["pk"]["S"], item["sk"]["S"]) for item in response["Items"]]
        for pk, sk in row_keys:
            if (image_id := keys.image_of_record(keys.key(pk, sk))) is not None:
                self._project_row(image_id, epoch, at, again=True)
            elif pk.startswith(keys.PROJECTION_PREFIX):
                self._project_row(keys.image_of_projection(pk), epoch, at, again=False)
            elif pk.startswith(keys.STATS_PREFIX) and keys.epoch_of_stats(pk) < epoch:
                self._let_expire((pk, sk), at + RETENTION_AFTER_END)
        self._feed.restore(pk.removeprefix(keys.IMAGE_PREFIX) for pk, sk in row_keys if sk == keys.META)
        self._feed.remove_strays(key for key in row_keys if key[0].startswith(keys.FEED_PREFIX))
        self._remove_strays(key for key in row_keys if key[0].startswith(keys.FINDING_PREFIXES))
        last = response.get("LastEvaluatedKey")
        return len(row_keys), json.dumps(last) if last else None

    def _project_row(self, image_id: str, epoch: int, at: datetime, *, again: bool) -> None:
        try:
            self.project(image_id, epoch=epoch, at=at, again=again)
        except UnreadableRow as error:  # its rows stay, and the rebuild continues with other images
            _log.error("an image cannot be projected: %s", error.message)

    def _remove_strays(self, row_keys: Iterable[RowKey]) -> None:
        """Remove rows that belong to no projection."""
        of_images: dict[str, list[RowKey]] = {}
        for key in row_keys:
            of_images.setdefault(keys.image_of_row(*key), []).append(key)
        projections = self._rows.get_many([keys.projection(image_id) for image_id in of_images])
        rows_of = {keys.image_of_projection(item["pk"]["S"]): item for item in projections}
        current = {
            image_id: row for image_id, item in rows_of.items() for row in schema.readable([item], row_of)
        }
        for image_id, existing in of_images.items():
            if image_id in rows_of and image_id not in current:
                continue  # an unreadable row may account for any of them
            row = current.get(image_id)
            expected = row.row_keys(image_id) if row else set()
            for stray in set(existing) - expected:
                check = ("projection", self._check(image_id, row))
                try:
                    self._rows.transact([check, ("row", self._delete(stray))], settled=lambda: False)
                except Conflict:  # the projection has changed, and its consumer removes the rows
                    continue

    def _check(self, image_id: str, row: ProjectionRow | None) -> dict[str, Any]:
        check: dict[str, Any] = {"TableName": self._rows.name, "Key": keys.projection(image_id)}
        if row is None:
            return {"ConditionCheck": {**check, "ConditionExpression": "attribute_not_exists(pk)"}}
        current = {":current": {"N": str(row.revision)}}
        return {
            "ConditionCheck": {
                **check,
                "ConditionExpression": "revision = :current",
                "ExpressionAttributeValues": current,
            }
        }

    def _let_expire(self, key: RowKey, at: datetime) -> None:
        self._rows.conditional(
            "update_item",
            Key=keys.key(*key),
            UpdateExpression="SET #ttl = if_not_exists(#ttl, :at)",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeNames={"#ttl": "ttl"},
            ExpressionAttributeValues={":at": {"N": str(int(at.timestamp()))}},
        )


class _PlacesChanged(Exception):
    """Another consumer has changed the figures of a group or tag since they were read; nothing else was refused."""


def _refusal(failed: set[str]) -> Exception:
    return _PlacesChanged() if failed == {"place"} else refused()


def _that_fit(changes: Sequence[_Change]) -> tuple[Sequence[_Change], Sequence[_Change]]:
    """As many changes as one transaction can begin, at least one, and the others."""
    figures: set[RowKey] = set()
    for number, change in enumerate(changes):
        figures.update(change.figures)
        if number and number + 1 + len(figures) > _MOST_FIRST_WRITES:
            return changes[:number], changes[number:]
    return changes, ()
