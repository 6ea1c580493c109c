"""The turns and the replays of webhooks as rows of the table."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from image_store.adapters.dynamodb import schema
from image_store.adapters.dynamodb import webhook_keys as keys
from image_store.adapters.dynamodb.items import Item, as_json, parse_time, text_time
from image_store.adapters.dynamodb.leases import LeaseRow
from image_store.adapters.dynamodb.table import OnTable
from image_store.domain.errors import Conflict
from image_store.domain.upkeep.cleanup import Lease
from image_store.domain.webhooks.deliveries import DELIVERY_RETENTION, LONGEST_TURN, Replay, Turn
from image_store.ports.webhooks import DeliveryTurns, Replays

TURN_RETENTION = timedelta(days=60)
"""A webhook whose last turn is longer ago begins anew with the oldest event that is kept, as it would with its row."""
_REPLAY_TIMES = ("created_at", "after", "until")


class DynamoDeliveryTurns(OnTable, DeliveryTurns):
    """DeliveryTurns in the one table."""

    def take(self, webhook_id: str, *, holder: str, at: datetime, until: datetime) -> Turn | None:
        lease = self._lease_row(webhook_id).take(holder=holder, at=at, until=until)
        if lease is None:
            return None
        row = keys.turn(webhook_id)
        return _turn_of(
            webhook_id, lease, self._rows.call("get_item", Key=row, ConsistentRead=True).get("Item", {})
        )

    def save(self, turn: Turn, *, at: datetime) -> None:
        failing_since = text_time(turn.failing_since) if turn.failing_since is not None else None
        body = {"position": turn.position, "failing_since": failing_since, "notes": dict(turn.notes)}
        answer = self._rows.conditional(
            "update_item",
            Key=keys.turn(turn.webhook_id),
            UpdateExpression="SET #turn = :turn, #v = :v, #ttl = :ttl",
            ConditionExpression="#token = :token",
            ExpressionAttributeNames={
                "#turn": "turn",
                "#token": "token",
                "#ttl": "ttl",
                "#v": schema.ATTRIBUTE,
            },
            ExpressionAttributeValues={
                ":turn": {"S": as_json(body)},
                ":token": {"N": str(turn.lease.token)},
                ":ttl": {"N": str(int((at + TURN_RETENTION).timestamp()))},
                ":v": schema.STAMP[schema.ATTRIBUTE],
            },
        )
        if answer is None:
            raise Conflict("Another run has taken over this webhook.")

    def end(self, turn: Turn) -> None:
        self._lease_row(turn.webhook_id).end(turn.lease)

    def failing_since(self, webhook_ids: Sequence[str]) -> dict[str, datetime]:
        items = self._rows.get_many(list(map(keys.turn, webhook_ids)), consistent=False)
        failures = ((_webhook_of(item), _failing_since(item)) for item in items)
        return {webhook_id: since for webhook_id, since in failures if since is not None}

    def _lease_row(self, webhook_id: str) -> LeaseRow:
        return LeaseRow(
            self._rows,
            keys.turn(webhook_id),
            longest=LONGEST_TURN,
            refusal="Another run has taken over this webhook.",
        )


class DynamoReplays(OnTable, Replays):
    """Replays in the one table."""

    def request(self, replay: Replay) -> None:
        item = _replay_item(replay)
        put = {
            "TableName": self._rows.name,
            "Item": item,
            # TTL removes rows late.
            "ConditionExpression": "attribute_not_exists(pk) OR #ttl < :now",
            "ExpressionAttributeNames": {"#ttl": "ttl"},
            "ExpressionAttributeValues": {":now": {"N": str(int(replay.created_at.timestamp()))}},
        }
        self._rows.transact(
            [("replay", {"Put": put})],
            settled=lambda: self.current(replay.webhook_id) == replay,
            refusal=lambda _failed: Conflict(
                "A replay of this webhook is under way; wait until it has ended."
            ),
        )

    def current(self, webhook_id: str) -> Replay | None:
        item = self._rows.call("get_item", Key=keys.replay(webhook_id), ConsistentRead=True).get("Item")
        return _replay_of(item) if item is not None else None

    def under_way(self, webhook_ids: Sequence[str]) -> dict[str, Replay]:
        items = self._rows.get_many(list(map(keys.replay, webhook_ids)), consistent=False)
        return {replay.webhook_id: replay for replay in map(_replay_of, items)}

    def save(self, replay: Replay) -> None:
        self._rows.conditional("put_item", Item=_replay_item(replay), **_is_current(replay))

    def end(self, replay: Replay) -> None:
        self._rows.conditional("delete_item", Key=keys.replay(replay.webhook_id), **_is_current(replay))


def _is_current(replay: Replay) -> dict[str, object]:
    return {
        "ConditionExpression": "#id = :id",
        "ExpressionAttributeNames": {"#id": "id"},
        "ExpressionAttributeValues": {":id": {"S": replay.id}},
    }


def _turn_of(webhook_id: str, lease: Lease, item: Item) -> Turn:
    if "turn" not in item:
        return Turn(webhook_id=webhook_id, lease=lease)
    body = _body_of(item)
    since = body["failing_since"]
    return Turn(
        webhook_id=webhook_id,
        lease=lease,
        position=body["position"],
        failing_since=parse_time(since) if since is not None else None,
        notes=body["notes"],
    )


def _failing_since(item: Item) -> datetime | None:
    since = _body_of(item)["failing_since"] if "turn" in item else None
    return parse_time(since) if since is not None else None


@schema.reading
def _body_of(item: Item) -> Item:
    schema.version_of(item)
    body: Item = json.loads(item["turn"]["S"])
    return body


def _webhook_of(item: Item) -> str:
    return str(item["pk"]["S"]).partition("#")[2]


def _replay_item(replay: Replay) -> Item:
    body = asdict(replay)
    del body["id"], body["webhook_id"]
    body |= {name: text_time(body[name]) for name in _REPLAY_TIMES if body[name] is not None}
    return {
        **keys.replay(replay.webhook_id),
        **schema.STAMP,
        "id": {"S": replay.id},
        "webhook": {"S": replay.webhook_id},
        "replay": {"S": as_json({name: value for name, value in body.items() if value is not None})},
        "ttl": {"N": str(int((replay.created_at + DELIVERY_RETENTION).timestamp()))},
    }


@schema.reading
def _replay_of(item: Item) -> Replay:
    schema.version_of(item)
    body = json.loads(item["replay"]["S"])
    body |= {name: parse_time(body[name]) for name in _REPLAY_TIMES if name in body}
    return Replay(id=item["id"]["S"], webhook_id=item["webhook"]["S"], **body)
