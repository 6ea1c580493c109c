"""A client of DynamoDB that remembers what the table's stream would tell of records."""

from __future__ import annotations

from itertools import count
from typing import Any

_TOLD_PREFIXES = ("LEDGER#", "JOB#", "BUDGET#", "CLEANUP#REPORT", "WEBHOOK#")


class Streaming:
    """Passes every call on; `told` are the changes that functions read, as the stream has them."""

    def __init__(self, client: Any, *, at: float) -> None:
        self.told: list[dict[str, Any]] = []
        self._client = client
        self._at = at
        self._numbers = count(1)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, *, TransactItems: list[dict[str, Any]]) -> Any:  # noqa: N803 - boto3's name
        rows = [row for row in map(_row_of, TransactItems) if _is_told(row["Key"])]
        before = [self._client.get_item(**row).get("Item") for row in rows]
        answer = self._client.transact_write_items(TransactItems=TransactItems)
        for row, old in zip(rows, before, strict=True):
            self._tell(row["Key"], old, self._client.get_item(**row).get("Item"))
        return answer

    def put_item(self, **request: Any) -> Any:
        """Put a row; of those that are put alone only upload tokens are told of."""
        answer = self._client.put_item(**request)
        if request["Item"]["sk"]["S"] == "UPLOADTOKEN":
            key = {name: request["Item"][name] for name in ("pk", "sk")}
            self._tell(key, None, request["Item"])
        return answer

    def update_item(self, **request: Any) -> Any:
        """Update a row; the stream has a row of an API key also for each use that is noted, and limits of budgets."""
        row = {name: request[name] for name in ("TableName", "Key")} | {"ConsistentRead": True}
        before = self._client.get_item(**row).get("Item")
        answer = self._client.update_item(**request)
        key = request["Key"]
        if key["sk"]["S"] in {"KEY", "SHARE"} or key["pk"]["S"].startswith("BUDGET#"):
            self._tell(key, before, self._client.get_item(**row).get("Item"))
        return answer

    def _tell(self, key: dict[str, Any], old: Any, new: Any) -> None:
        number = next(self._numbers)
        images = {name: item for name, item in (("OldImage", old), ("NewImage", new)) if item is not None}
        self.told.append(
            {
                "eventID": f"{number:032x}",
                "eventName": "REMOVE" if new is None else "INSERT" if old is None else "MODIFY",
                "dynamodb": {
                    "ApproximateCreationDateTime": self._at,
                    "Keys": key,
                    "SequenceNumber": str(number),
                    "StreamViewType": "NEW_AND_OLD_IMAGES",
                    **images,
                },
            }
        )


def _row_of(write: dict[str, Any]) -> dict[str, Any]:
    (request,) = write.values()
    key = request.get("Key") or {name: request["Item"][name] for name in ("pk", "sk")}
    return {"TableName": request["TableName"], "Key": key, "ConsistentRead": True}


def _is_told(key: dict[str, Any]) -> bool:
    is_first_rows = key["sk"]["S"] in {"META", "KEY", "SHARE", "UPLOADTOKEN"}
    return is_first_rows or key["pk"]["S"].startswith(_TOLD_PREFIXES)
