"""Keeps the projections of images, each change of an image once and never back to an older version.

`PROJECTION#{id}` says which version of the record is projected and from what, so that the difference to the next one
is known without a search. It is written in the same transaction as the figures, which therefore count every image
once. What does not fit into one transaction follows in others, each on the condition that the row is still the one
that announced it; until the last one the row names the rows of both versions, and whoever comes next finishes.

Records are read as they are now, whatever a message says of them: repeated, late and reordered messages change
nothing. The row outlives its image by a week, in which no consumer can still be at work that read the image alive.
"""

import json
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from image_store.adapters.dynamodb import items, keys, schema
from image_store.adapters.dynamodb.finding import projections as rows
from image_store.adapters.dynamodb.finding.projections import RowKey
from image_store.adapters.dynamodb.finding.rebuilds import rebuild_of
from image_store.adapters.dynamodb.images import records
from image_store.adapters.dynamodb.table import DynamoTable, NamedWrite, unavailable
from image_store.adapters.dynamodb.upkeep.feed_upkeep import DynamoFeedUpkeep
from image_store.adapters.dynamodb.upkeep.policy_turns import PolicyTurns
from image_store.domain.errors import Conflict, UnreadableRow
from image_store.domain.finding.projection import ImageFacts, Rebuild, facts_of
from image_store.domain.images.image import Image, State
from image_store.ports.finding import Projector

KEPT_AFTER_THE_END = timedelta(days=7)
_TRIES = 5
_log = logging.getLogger("image_store.projections")
_MOST_WRITES = 100
"""DynamoDB's limit for one transaction."""
_ENDED = frozenset({State.DELETING, State.TOMBSTONE})


@dataclass(frozen=True, slots=True)
class _Row:
    """The row `PROJECTION#{id}`; it stores the epoch as `generation`."""

    revision: int
    version: int
    epoch: int
    facts: ImageFacts | None
    before: tuple[ImageFacts, ...]
    """What is being replaced, while not all rows are written."""
    cards: str
    terms: str
    """Digests of the rows that lists read, and of those that searches read."""
    finished: bool

    @property
    def all_facts(self) -> tuple[ImageFacts, ...]:
        """From what there may be rows."""
        own = () if self.facts is None else (self.facts,)
        return (*own, *(facts for facts in self.before if facts not in own))

    def row_keys(self, image_id: str) -> set[RowKey]:
        """The rows that there may be."""
        return {key for facts in self.all_facts for key in rows.row_keys(image_id, facts)}


class DynamoProjector(Projector):
    """Projector on the one table; the client is made at the first call."""

    def __init__(
        self,
        table: str,
        *,
        client: Callable[[], Any],
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        policies_after_save: bool = False,
    ) -> None:
        self._table = table
        self._rows = DynamoTable(table, client=client, sleep=sleep, monotonic=monotonic)
        self._turns = PolicyTurns(self._rows, after_save=policies_after_save)
        self._feed = DynamoFeedUpkeep(table, client=client, sleep=sleep, monotonic=monotonic)

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
            image = records.record_of([item for item in (meta, detail) if item is not None])
            seen = None if row is None else _row_of(row)
            if not _is_wanted(image, seen, epoch, again=again):
                return
            if image is not None and image.record.state is State.READY:
                is_new = seen is None or seen.facts is None
                self._turns.queue(image.record.owner, at, stored=is_new and not again)
            try:
                self._bring(image_id, image, seen, epoch, at, again=again)
            except Conflict:
                continue  # another consumer was faster: look at what it left
            return
        raise unavailable()

    def _bring(
        self,
        image_id: str,
        image: Image | None,
        seen: _Row | None,
        epoch: int,
        at: datetime,
        *,
        again: bool,
    ) -> None:
        facts = facts_of(image) if image is not None else None
        listed = rows.card_rows(image, facts) if image is not None and facts is not None else {}
        terms = rows.term_rows(image, facts) if image is not None and facts is not None else {}
        new = _Row(
            revision=seen.revision + 1 if seen else 1,
            version=image.record.version if image is not None else seen.version if seen else 0,
            epoch=max(epoch, seen.epoch) if seen else epoch,
            facts=facts,
            before=seen.all_facts if seen else (),
            cards=rows.digest_of(listed),
            terms=rows.digest_of(terms),
            finished=False,
        )
        fresh = seen is None or not seen.finished or again
        old_keys = seen.row_keys(image_id) if seen else set()
        writes: list[dict[str, Any]] = []
        if facts is not None:
            if fresh or (seen and seen.cards != new.cards):
                writes += map(self._put, listed.values())
            if fresh or (seen and seen.terms != new.terms):
                writes += map(self._put, terms.values())
        writes += map(self._delete, sorted(old_keys - rows.row_keys(image_id, facts)))
        ended = image is None or image.record.state in _ENDED
        counted = seen.facts if seen and seen.epoch == new.epoch else None
        changed = rows.difference(
            rows.counters_of(image_id, counted, new.epoch),
            rows.counters_of(image_id, facts, new.epoch),
        )
        first: list[NamedWrite] = [
            ("row", self._add(key, amounts, facts or counted)) for key, amounts in sorted(changed.items())
        ]
        self._write(image_id, new, first, writes, ends_at=at + KEPT_AFTER_THE_END if ended else None)

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
            item = _item_of(image_id, row, finished=not writes, ends_at=ends_at)
            mine = ("projection", self._put_next(item, row.revision))
            self._rows.transact([mine, *first, *(("row", write) for write in batch)], settled=lambda: False)
            if not writes:
                return
            row = replace(row, revision=row.revision + 1)
            first, room = [], _MOST_WRITES - 1

    def _put(self, item: items.Item) -> dict[str, Any]:
        return {"Put": {"TableName": self._table, "Item": item}}

    def _put_next(self, item: items.Item, revision: int) -> dict[str, Any]:
        """The row of an image, after the revision before this one."""
        put = {"TableName": self._table, "Item": item}
        if revision == 1:
            return {"Put": {**put, "ConditionExpression": "attribute_not_exists(pk)"}}
        seen = {":seen": {"N": str(revision - 1)}}
        return {"Put": {**put, "ConditionExpression": "revision = :seen", "ExpressionAttributeValues": seen}}

    def _delete(self, key: RowKey) -> dict[str, Any]:
        return {"Delete": {"TableName": self._table, "Key": keys.key(*key)}}

    def _add(self, key: RowKey, amounts: dict[str, int], facts: ImageFacts | None) -> dict[str, Any]:
        """Add to a row of figures; that of a model also says which it is."""
        named = {f"#n{number}": name for number, name in enumerate(amounts)}
        values: dict[str, Any] = {
            f":n{number}": {"N": str(amount)} for number, amount in enumerate(amounts.values())
        }
        expression = "ADD " + ", ".join(f"#n{number} :n{number}" for number in range(len(amounts)))
        if keys.is_model_stats(key[1]) and facts is not None and facts.model is not None:
            expression += " SET model = :model"
            values[":model"] = {"S": facts.model}
        return {
            "Update": {
                "TableName": self._table,
                "Key": keys.key(*key),
                "UpdateExpression": expression,
                "ExpressionAttributeNames": named,
                "ExpressionAttributeValues": values,
            }
        }

    # All of them --------------------------------------------------------------------------------------

    def rebuild(self) -> Rebuild:
        item = self._rows.call("get_item", Key=keys.REBUILD, ConsistentRead=True).get("Item")
        return Rebuild() if item is None else rebuild_of(item)

    def keep_rebuild(self, rebuild: Rebuild) -> Rebuild:
        item: items.Item = {
            **keys.REBUILD,
            "serving": {"N": str(rebuild.serving)},
            "building": {"N": str(rebuild.building)},
            "step": {"N": str(rebuild.step + 1)},
            "examined": {"N": str(rebuild.examined)},
        }
        if rebuild.begins_at is not None:
            item["begins_at"] = {"S": items.text_time(rebuild.begins_at)}
        if rebuild.after is not None:
            item["after"] = {"S": rebuild.after}
        kept = self._rows.conditional(
            "put_item",
            Item=item,
            ConditionExpression="attribute_not_exists(pk) OR step = :seen",
            ExpressionAttributeValues={":seen": {"N": str(rebuild.step)}},
        )
        if kept is None:
            raise Conflict("Another run goes on with the rebuild at this moment.")
        return rebuild_of(item)

    def remake(self, *, after: str | None, limit: int, epoch: int, at: datetime) -> tuple[int, str | None]:
        start = {} if after is None else {"ExclusiveStartKey": json.loads(after)}
        answer = self._rows.call(
            "scan", ProjectionExpression="pk, sk", ConsistentRead=True, Limit=limit, **start
        )
        found = [(item["pk"]["S"], item["sk"]["S"]) for item in answer["Items"]]
        for pk, sk in found:
            if (image_id := keys.image_of_record(keys.key(pk, sk))) is not None:
                self._remake_one(image_id, epoch, at, again=True)
            elif pk.startswith(keys.PROJECTION_PREFIX):
                self._remake_one(pk.removeprefix(keys.PROJECTION_PREFIX), epoch, at, again=False)
            elif pk.startswith(keys.STATS_PREFIX) and keys.epoch_of_stats(pk) < epoch:
                self._let_expire((pk, sk), at + KEPT_AFTER_THE_END)
        self._feed.restore(pk.removeprefix(keys.IMAGE_PREFIX) for pk, sk in found if sk == keys.META)
        self._feed.remove_strays(key for key in found if key[0].startswith(keys.FEED_PREFIX))
        self._remove_strays(key for key in found if key[0].startswith(keys.FINDING_PREFIXES))
        last = answer.get("LastEvaluatedKey")
        return len(found), json.dumps(last) if last else None

    def _remake_one(self, image_id: str, epoch: int, at: datetime, *, again: bool) -> None:
        try:
            self.project(image_id, epoch=epoch, at=at, again=again)
        except UnreadableRow as error:  # it keeps the rows that it has, and the others get theirs
            _log.error("an image cannot be projected: %s", error.message)

    def _remove_strays(self, found: Iterable[RowKey]) -> None:
        """Remove rows that no projection accounts for."""
        of_images: dict[str, list[RowKey]] = {}
        for key in found:
            of_images.setdefault(keys.image_of_row(*key), []).append(key)
        read = self._rows.get_many([keys.projection(image_id) for image_id in of_images])
        rows_of = {item["pk"]["S"].removeprefix(keys.PROJECTION_PREFIX): item for item in read}
        seen = {
            image_id: row for image_id, item in rows_of.items() for row in schema.readable([item], _row_of)
        }
        for image_id, there in of_images.items():
            if image_id in rows_of and image_id not in seen:
                continue  # nobody knows what it accounts for
            row = seen.get(image_id)
            named = row.row_keys(image_id) if row else set()
            for stray in set(there) - named:
                check = ("projection", self._check(image_id, row))
                try:
                    self._rows.transact([check, ("row", self._delete(stray))], settled=lambda: False)
                except Conflict:  # it has changed since, and its consumer knows what there is
                    continue

    def _check(self, image_id: str, row: _Row | None) -> dict[str, Any]:
        check: dict[str, Any] = {"TableName": self._table, "Key": keys.projection(image_id)}
        if row is None:
            return {"ConditionCheck": {**check, "ConditionExpression": "attribute_not_exists(pk)"}}
        seen = {":seen": {"N": str(row.revision)}}
        return {
            "ConditionCheck": {
                **check,
                "ConditionExpression": "revision = :seen",
                "ExpressionAttributeValues": seen,
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


def _is_wanted(image: Image | None, seen: _Row | None, epoch: int, *, again: bool) -> bool:
    """Whether there is anything to project."""
    if image is None:
        return seen is not None and (seen.facts is not None or not seen.finished)
    if seen is None:
        # Nothing follows from a reservation. The end of an image is noted even if it was never projected: a slow
        # consumer that read it alive has to find that.
        return image.record.state is not State.PENDING
    older = seen.version < image.record.version
    counted_elsewhere = seen.facts is not None and seen.epoch < epoch
    return older or not seen.finished or counted_elsewhere or again


def _item_of(image_id: str, row: _Row, *, finished: bool, ends_at: datetime | None) -> items.Item:
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
    if not finished:
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
        # Earlier builds kept no digest of these rows: they are written anew with the next change.
        terms=item["terms"]["S"] if "terms" in item else "",
        finished="before" not in item,
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
