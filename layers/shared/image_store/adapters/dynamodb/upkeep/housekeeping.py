"""Stores the lease of cleanup, the positions of its sweeps, and its reports.

The lease row is never removed, and its token only grows. Each write of a run is one transaction with a check that the
run still has the token. So a run that lost its lease, for example during a pause, can write nothing more.
"""

import json
from datetime import datetime, timedelta
from typing import Any

from image_store.adapters.dynamodb import keys, schema
from image_store.adapters.dynamodb.items import parse_time, text_time
from image_store.adapters.dynamodb.table import OnTable
from image_store.domain.deadlines import CLOCK_SKEW
from image_store.domain.errors import Conflict
from image_store.domain.upkeep.cleanup import LONGEST_RUN, CleanupReport, Lease, PassPosition
from image_store.ports.upkeep import Housekeeping

REPORT_LIFETIME = timedelta(days=90)
_TIMES = ("started_at", "finished_at")


class DynamoHousekeeping(OnTable, Housekeeping):
    """Housekeeping in the one table."""

    def take_lease(
        self, *, holder: str, at: datetime, until: datetime, take_over: bool = False
    ) -> Lease | None:
        # botocore retries a call whose response was lost; the retry then finds our own lease.
        # A lease that ends later than any run can was taken with a wrong clock.
        free = "attribute_not_exists(#until) OR #until < :now OR #until > :latest OR holder = :holder"
        answer = self._rows.conditional(
            "update_item",
            Key=keys.CLEANUP_LEASE,
            UpdateExpression="SET holder = :holder, #until = :until ADD #token :one",
            ConditionExpression=f"{free} OR attribute_exists(#until)" if take_over else free,
            ExpressionAttributeNames={"#until": "until", "#token": "token"},
            ExpressionAttributeValues={
                ":holder": {"S": holder},
                ":until": {"S": text_time(until)},
                ":now": {"S": text_time(at)},
                ":latest": {"S": text_time(at + LONGEST_RUN + CLOCK_SKEW)},
                ":one": {"N": "1"},
            },
            ReturnValues="UPDATED_NEW",
        )
        return None if answer is None else Lease(holder, int(answer["Attributes"]["token"]["N"]))

    def end_lease(self, lease: Lease) -> None:
        self._rows.conditional(
            "update_item",
            Key=keys.CLEANUP_LEASE,
            UpdateExpression="REMOVE #until",
            ConditionExpression="#token = :token",
            ExpressionAttributeNames={"#until": "until", "#token": "token"},
            ExpressionAttributeValues={":token": {"N": str(lease.token)}},
        )

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
        self._write(item, lease)

    def keep_report(self, report: CleanupReport, lease: Lease) -> None:
        body = {**report.as_dict(), **{name: _text(getattr(report, name)) for name in _TIMES}}
        expires_at = report.started_at + REPORT_LIFETIME
        item = {
            **keys.cleanup_report(report.id),
            **schema.STAMP,
            "report": {"S": json.dumps(body)},
            "ttl": {"N": str(int(expires_at.timestamp()))},
        }
        self._write(item, lease)

    def reports(self, *, limit: int) -> list[CleanupReport]:
        answer = self._rows.call(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": keys.cleanup_report("")["pk"]},
            ScanIndexForward=False,
            Limit=limit,
        )
        return list(schema.readable(answer["Items"], _report))

    def _write(self, item: dict[str, Any], lease: Lease) -> None:
        """Put a row if the lease is still held."""
        check = {
            "TableName": self._rows.name,
            "Key": keys.CLEANUP_LEASE,
            "ConditionExpression": "#token = :token",
            "ExpressionAttributeNames": {"#token": "token"},
            "ExpressionAttributeValues": {":token": {"N": str(lease.token)}},
        }
        put = {"TableName": self._rows.name, "Item": item}
        # Writing the same row again is harmless, so a lost response needs no read.
        self._rows.transact(
            [("lease", {"ConditionCheck": check}), ("row", {"Put": put})],
            settled=lambda: False,
            refusal=_taken_over,
        )


def _taken_over(_failed: set[str]) -> Exception:
    return Conflict("Another run of cleanup has taken over.")


def _text(at: datetime | None) -> str | None:
    return text_time(at) if at is not None else None


@schema.reading
def _position(item: dict[str, Any]) -> PassPosition:
    schema.version_of(item)
    return PassPosition(parse_time(item["started_at"]["S"]), item["after"]["S"] if "after" in item else None)


@schema.reading
def _report(item: dict[str, Any]) -> CleanupReport:
    schema.version_of(item)
    body = json.loads(item["report"]["S"])
    return CleanupReport(
        **{**body, **{name: parse_time(body[name]) if body[name] else None for name in _TIMES}}
    )
