"""Stores the lease of cleanup, the positions of its sweeps, and its reports.

Each write of a run needs the lease: see `leases`.
"""

import json
from datetime import datetime, timedelta
from typing import Any

from image_store.adapters.dynamodb import keys, recovery_keys, schema
from image_store.adapters.dynamodb.items import parse_time, text_time
from image_store.adapters.dynamodb.leases import LeaseRow
from image_store.adapters.dynamodb.table import DynamoTable, OnTable
from image_store.domain.deadlines import is_too_far_ahead, latest_deadline
from image_store.domain.upkeep.cleanup import LONGEST_HOLD, LONGEST_RUN, CleanupReport, Lease, PassPosition
from image_store.ports.upkeep import Housekeeping

REPORT_LIFETIME = timedelta(days=90)
_TIMES = ("started_at", "finished_at")


class DynamoHousekeeping(OnTable, Housekeeping):
    """Housekeeping in the one table."""

    def __init__(self, table: DynamoTable) -> None:
        super().__init__(table)
        self._lease = LeaseRow(
            table, keys.CLEANUP_LEASE, longest=LONGEST_RUN, refusal="Another run of cleanup has taken over."
        )

    def take_lease(
        self, *, holder: str, at: datetime, until: datetime, take_over: bool = False
    ) -> Lease | None:
        return self._lease.take(holder=holder, at=at, until=until, take_over=take_over)

    def end_lease(self, lease: Lease) -> None:
        self._lease.end(lease)

    def is_running(self, at: datetime) -> bool:
        item = self._rows.call("get_item", Key=keys.CLEANUP_LEASE, ConsistentRead=True).get("Item", {})
        if "until" not in item:
            return False
        return _is_held(parse_time(item["until"]["S"]), at, longest=LONGEST_RUN)

    def hold(self, *, holder: str, at: datetime, until: datetime, take_over: bool = False) -> bool:
        # A hold that ends later than any hold can was taken with a wrong clock.
        free = "attribute_not_exists(#until) OR #until < :now OR #until > :latest OR holder = :holder"
        answer = self._rows.conditional(
            "update_item",
            Key=recovery_keys.CLEANUP_HOLD,
            UpdateExpression="SET holder = :holder, #until = :until",
            ConditionExpression=f"{free} OR attribute_exists(#until)" if take_over else free,
            ExpressionAttributeNames={"#until": "until"},
            ExpressionAttributeValues={
                ":holder": {"S": holder},
                ":until": {"S": text_time(until)},
                ":now": {"S": text_time(at)},
                ":latest": {"S": text_time(latest_deadline(at, longest=LONGEST_HOLD))},
            },
        )
        return answer is not None

    def end_hold(self, holder: str) -> None:
        self._rows.conditional(
            "delete_item",
            Key=recovery_keys.CLEANUP_HOLD,
            ConditionExpression="holder = :holder",
            ExpressionAttributeValues={":holder": {"S": holder}},
        )

    def holder(self, at: datetime) -> str | None:
        item = self._rows.call("get_item", Key=recovery_keys.CLEANUP_HOLD, ConsistentRead=True).get("Item")
        if item is None or not _is_held(parse_time(item["until"]["S"]), at, longest=LONGEST_HOLD):
            return None
        holder: str = item["holder"]["S"]
        return holder

    def position(self, sweep: str) -> PassPosition | None:
        answer = self._rows.call("get_item", Key=keys.cleanup_position(sweep), ConsistentRead=True)
        positions = schema.readable([answer["Item"]] if "Item" in answer else [], _position)
        return next(positions, None)  # without a readable position a sweep starts again

    def move(self, sweep: str, position: PassPosition, lease: Lease) -> None:
        item = {
            **keys.cleanup_position(sweep),
            **schema.STAMP,
            "started_at": {"S": text_time(position.started_at)},
        }
        if position.after is not None:
            item["after"] = {"S": position.after}
        self._lease.put(item, lease)

    def keep_report(self, report: CleanupReport, lease: Lease) -> None:
        body = {**report.as_dict(), **{name: _text(getattr(report, name)) for name in _TIMES}}
        expires_at = report.started_at + REPORT_LIFETIME
        item = {
            **keys.cleanup_report(report.id),
            **schema.STAMP,
            "report": {"S": json.dumps(body)},
            "ttl": {"N": str(int(expires_at.timestamp()))},
        }
        self._lease.put(item, lease)

    def reports(self, *, limit: int) -> list[CleanupReport]:
        answer = self._rows.call(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": keys.cleanup_report("")["pk"]},
            ScanIndexForward=False,
            Limit=limit,
        )
        return list(schema.readable(answer["Items"], report_of))


def _is_held(until: datetime, at: datetime, *, longest: timedelta) -> bool:
    """Whether a lease or hold is still somebody's: its last instant belongs to it, as in the conditions of writes."""
    return at <= until and not is_too_far_ahead(until, at, longest=longest)


def _text(at: datetime | None) -> str | None:
    return text_time(at) if at is not None else None


@schema.reading
def _position(item: dict[str, Any]) -> PassPosition:
    schema.version_of(item)
    return PassPosition(parse_time(item["started_at"]["S"]), item["after"]["S"] if "after" in item else None)


@schema.reading
def report_of(item: dict[str, Any]) -> CleanupReport:
    """The report in a row; UnreadableRow for one of a later version."""
    schema.version_of(item)
    body = json.loads(item["report"]["S"])
    return CleanupReport(
        **{**body, **{name: parse_time(body[name]) if body[name] else None for name in _TIMES}}
    )
