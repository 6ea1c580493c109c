"""Keeps the projections of images up to date: applies each change once, and never returns to an older version.

The row `PROJECTION#{id}` holds the projected version of the record and its facts, so the difference to the next version
needs no search.

1. The row and the figures are written in one transaction. Therefore figures count every image once.
2. Writes that do not fit follow in more transactions. Each requires that the row still has the revision of the one
   before it. Until the last one, the row names the rows of both versions.
3. If a consumer stops in between, the next one that sees the image finishes the work.

Messages only name an image; its record is read as it is now. So messages may be repeated, late or reordered. The row
stays for a week after the image's end. By then no consumer can hold a copy of the image that it read before the end.
"""

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from image_store.adapters.dynamodb import items, keys, schema
from image_store.adapters.dynamodb.finding import projections as rows
from image_store.adapters.dynamodb.finding.projections import RowKey
from image_store.adapters.dynamodb.finding.rebuilds import rebuild_item, rebuild_of
from image_store.adapters.dynamodb.images import records
from image_store.adapters.dynamodb.table import DynamoTable, NamedWrite, OnTable, unavailable
from image_store.adapters.dynamodb.upkeep.feed_upkeep import DynamoFeedUpkeep
from image_store.adapters.dynamodb.upkeep.policy_turns import PolicyTurns
from image_store.domain.errors import Conflict, UnreadableRow
from image_store.domain.finding.projection import ImageFacts, Rebuild, facts_of
from image_store.domain.images.image import Image, State
from image_store.ports.finding import Projector

RETENTION_AFTER_END = timedelta(days=7)
_TRIES = 5
_log = logging.getLogger("image_store.projections")
_MOST_WRITES = 100
"""DynamoDB's limit for one transaction."""
_END_STATES = frozenset({State.DELETING, State.TOMBSTONE})


@dataclass(frozen=True, slots=True)
class _Row:
    """The row `PROJECTION#{id}`; it stores the epoch as `generation`."""

    revision: int
    version: int
    epoch: int
    facts: ImageFacts | None
    before: tuple[ImageFacts, ...]
    """The facts of earlier versions, until all rows are written."""
    cards: str
    terms: str
    """Digests of the rows that lists read (`cards`) and that searches read (`terms`)."""
    is_complete: bool

    @property
    def all_facts(self) -> tuple[ImageFacts, ...]:
        """The facts behind all rows that may exist."""
        own = () if self.facts is None else (self.facts,)
        return (*own, *(facts for facts in self.before if facts not in own))

    def row_keys(self, image_id: str) -> set[RowKey]:
        """The keys of all rows that may exist."""
        return {key for facts in self.all_facts for key in rows.row_keys(image_id, facts)}


class DynamoProjector(OnTable, Projector):
    """Projector on the one table."""

    def __init__(self, table: DynamoTable, *, policies_after_save: bool = False) -> None:
        super().__init__(table)
        self._turns = PolicyTurns(table, after_save=policies_after_save)
        self._feed = DynamoFeedUpkeep(table)

    # One image ----------------------------------------------------------------------------------------

    def project(self, image_id: str, *, epoch: int, at: datetime, again: bool = False) -> None:
        for _ in range(_TRIES):
            meta, detail, row = self._rows.get_together(
                [
                    keys.record(image_id),
                    keys.detail(image_id),
                    keys.projection(image_id),
                ]
            )
            image = records.image_of([item for item in (meta, detail) if item is not None])
            current = None if row is None else _row_of(row)
            if not _needs_projection(image, current, epoch, again=again):
                return
            if image is not None and image.record.state is State.READY:
                is_new = current is None or current.facts is None
                self._turns.queue(image.record.owner, at, is_new=is_new and not again)
            try:
                self._update(image_id, image, current, epoch, at, again=again)
            except Conflict:
                continue  # another consumer was faster: read its result
            return
        raise unavailable()

    def _update(
        self,
        image_id: str,
        image: Image | None,
        current: _Row | None,
        epoch: int,
        at: datetime,
        *,
        again: bool,
    ) -> None:
        facts = facts_of(image) if image is not None else None
        card_rows = rows.card_rows(image, facts) if image is not None and facts is not None else {}
        terms = rows.term_rows(image, facts) if image is not None and facts is not None else {}
        new = _Row(
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
        changes = rows.difference(
            rows.counters_of(image_id, old_facts, new.epoch),
            rows.counters_of(image_id, facts, new.epoch),
        )
        first: list[NamedWrite] = [
            ("row", self._add(key, amounts, facts or old_facts)) for key, amounts in sorted(changes.items())
        ]
        self._write(image_id, new, first, writes, ends_at=at + RETENTION_AFTER_END if is_gone else None)

    def _write(
        self,
        image_id: str,
        row: _Row,
        first: list[NamedWrite],
        writes: list[dict[str, Any]],
        *,
        ends_at: datetime | None,
    ) -> None:
        room = _MOST_WRITES - 1 - len(first)
        while True:
            batch, writes = writes[:room], writes[room:]
            item = _item_of(image_id, row, is_complete=not writes, ends_at=ends_at)
            own_row = ("projection", self._put_next(item, row.revision))
            self._rows.transact(
                [own_row, *first, *(("row", write) for write in batch)], settled=lambda: False
            )
            if not writes:
                return
            row = replace(row, revision=row.revision + 1)
            first, room = [], _MOST_WRITES - 1

    def _put(self, item: items.Item) -> dict[str, Any]:
        return {"Put": {"TableName": self._rows.name, "Item": item}}

    def _put_next(self, item: items.Item, revision: int) -> dict[str, Any]:
        """Write the row of an image, if it has the revision before this one."""
        put = {"TableName": self._rows.name, "Item": item}
        if revision == 1:
            return {"Put": {**put, "ConditionExpression": "attribute_not_exists(pk)"}}
        current = {":current": {"N": str(revision - 1)}}
        return {
            "Put": {**put, "ConditionExpression": "revision = :current", "ExpressionAttributeValues": current}
        }

    def _delete(self, key: RowKey) -> dict[str, Any]:
        return {"Delete": {"TableName": self._rows.name, "Key": keys.key(*key)}}

    def _add(self, key: RowKey, amounts: dict[str, int], facts: ImageFacts | None) -> dict[str, Any]:
        """Add to a row of figures; the row of a model also holds its name."""
        names = {f"#n{number}": name for number, name in enumerate(amounts)}
        values: dict[str, Any] = {
            f":n{number}": {"N": str(amount)} for number, amount in enumerate(amounts.values())
        }
        expression = "ADD " + ", ".join(f"#n{number} :n{number}" for number in range(len(amounts)))
        if keys.is_model_stats(key[1]) and facts is not None and facts.model is not None:
            expression += " SET model = :model"
            values[":model"] = {"S": facts.model}
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
                self._project_row(pk.removeprefix(keys.PROJECTION_PREFIX), epoch, at, again=False)
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
        rows_of = {item["pk"]["S"].removeprefix(keys.PROJECTION_PREFIX): item for item in projections}
        current = {
            image_id: row for image_id, item in rows_of.items() for row in schema.readable([item], _row_of)
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

    def _check(self, image_id: str, row: _Row | None) -> dict[str, Any]:
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


def _needs_projection(image: Image | None, current: _Row | None, epoch: int, *, again: bool) -> bool:
    """Whether the image has changes that are not projected."""
    if image is None:
        return current is not None and (current.facts is not None or not current.is_complete)
    if current is None:
        # A reservation has no projections. The end of an image gets a row even if the image was never projected,
        # because a slow consumer that read the image before its end must find it.
        return image.record.state is not State.PENDING
    older = current.version < image.record.version
    counted_elsewhere = current.facts is not None and current.epoch < epoch
    return older or not current.is_complete or counted_elsewhere or again


def _item_of(image_id: str, row: _Row, *, is_complete: bool, ends_at: datetime | None) -> items.Item:
    item: items.Item = {
        **keys.projection(image_id),
        **schema.STAMP,
        "revision": {"N": str(row.revision)},
        "version": {"N": str(row.version)},
        "generation": {"N": str(row.epoch)},
        "cards": {"S": row.cards},
        "terms": {"S": row.terms},
    }
    if row.facts is not None:
        item["facts"] = {"S": _json(row.facts.to_json())}
    if not is_complete:
        item["before"] = {"S": _json([facts.to_json() for facts in row.before])}
    if ends_at is not None:
        item["ttl"] = {"N": str(int(ends_at.timestamp()))}
    return item


@schema.reading
def _row_of(item: items.Item) -> _Row:
    schema.version_of(item)
    before = json.loads(item["before"]["S"]) if "before" in item else []
    return _Row(
        revision=int(item["revision"]["N"]),
        version=int(item["version"]["N"]),
        epoch=int(item["generation"]["N"]),
        facts=ImageFacts.from_json(json.loads(item["facts"]["S"])) if "facts" in item else None,
        before=tuple(map(ImageFacts.from_json, before)),
        cards=item["cards"]["S"],
        # Earlier builds stored no digest of these rows, so the next change writes them again.
        terms=item["terms"]["S"] if "terms" in item else "",
        is_complete="before" not in item,
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
