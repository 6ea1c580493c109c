"""A client of EventBridge in memory, with the limits that its documentation names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_ENTRIES = 10
MAX_BYTES = 256 * 1024
_FIELDS = {"EventBusName", "Source", "DetailType", "Time", "Detail"}


class MemoryEventBridge:
    """The client; `taken` are the events that the bus has, as its rules see them.

    The next entries whose numbers are in `refusals` are not taken, although the call succeeds.
    """

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.calls = 0
        self.refusals: set[int] = set()

    def put_events(self, *, Entries: Sequence[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - as botocore has it
        """Put events on the bus."""
        self.calls += 1
        size = sum(
            len(entry["Detail"]) + len(entry["Source"]) + len(entry["DetailType"]) + 14 for entry in Entries
        )
        if not 0 < len(Entries) <= MAX_ENTRIES or size > MAX_BYTES:
            raise _error("ValidationException")
        refused, self.refusals = self.refusals, set()
        answers: list[dict[str, str]] = []
        for number, entry in enumerate(Entries):
            if entry.keys() != _FIELDS:
                raise _error("ValidationException")
            if number in refused:
                answers.append({"ErrorCode": "ThrottlingException", "ErrorMessage": "Rate exceeded"})
                continue
            self.taken.append({**entry, "Detail": json.loads(entry["Detail"])})
            answers.append({"EventId": f"{len(self.taken):08x}"})
        return {"FailedEntryCount": len(refused), "Entries": answers}


def _error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, "PutEvents")
