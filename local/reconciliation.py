"""After a stop that was not clean: bytes are saved at once and metadata by checkpoint, so that they may disagree.

The deployed cleanup compares table and buckets both ways, without a grace. Whatever it says, the stack starts.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.settings import STACK_NAME

if TYPE_CHECKING:
    from local.emulator import Emulator

FUNCTION = "CleanupFunction"
MOST_REMOVALS = 1_000_000  # a checkpoint that is seconds old explains whatever is found
LONGEST_SECONDS = 900
TRIES, PAUSE_SECONDS = 10, 1.0  # the schedule may be running it at this moment


@dataclass(frozen=True)
class Reconciliation:
    """What became of it, in a line for whoever started the stack."""

    done: bool
    line: str


def reconcile(emulator: Emulator) -> Reconciliation:
    """Run cleanup so that table and buckets agree."""
    try:
        report = _report(emulator)
        for _ in range(TRIES):
            if report.get("stopped_because") != "another_run":
                break
            time.sleep(PAUSE_SECONDS)
            report = _report(emulator)
    except (ClientError, BotoCoreError, ValueError) as error:
        return _undone(str(error), emulator)
    if report.get("stopped_because") is not None or report.get("failed") != 0:
        return _undone(str(report.get("stopped_because") or report.get("errorMessage") or "failed"), emulator)
    removed = (
        f"{report['orphans'] + report['staged']} objects without a record and {report['dangling']} records"
    )
    return Reconciliation(
        done=True,
        line=f"the last stop was not a clean one: {removed} without their object were removed.",
    )


def _report(emulator: Emulator) -> dict[str, Any]:
    formation = emulator.client("cloudformation")
    found = formation.describe_stack_resource(StackName=STACK_NAME, LogicalResourceId=FUNCTION)
    patient = Config(read_timeout=LONGEST_SECONDS, retries={"total_max_attempts": 1})
    answer = emulator.client("lambda", config=patient).invoke(
        FunctionName=found["StackResourceDetail"]["PhysicalResourceId"],
        Payload=json.dumps({"reconcile": True, "max_deletions": MOST_REMOVALS}),
    )
    report: dict[str, Any] = json.loads(answer["Payload"].read())
    return report


def _undone(why: str, emulator: Emulator) -> Reconciliation:
    return Reconciliation(
        done=False,
        line="the last stop was not a clean one, and comparing table and buckets was not finished "
        f"({why}): the next start tries again; see the end of {emulator.log}.",
    )
