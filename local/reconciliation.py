"""After a stop that was not clean: bytes are saved immediately and metadata by checkpoint, so they may disagree.

The deployed cleanup compares table and buckets in both directions without a grace period. Files newer than the last
save are copied first. The stack starts whether this succeeds or not.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.set_aside import copy_newer, drop_unneeded
from local.settings import PRIVATE_BUCKET, PUBLIC_BUCKET, STACK_NAME

if TYPE_CHECKING:
    from pathlib import Path

    from local.emulator import Emulator
    from local.state_folder import UncleanStop

FUNCTION = "CleanupFunction"
MOST_REMOVALS = 1_000_000  # all differences come from the seconds since the last checkpoint
LONGEST_SECONDS = 900
TRIES, PAUSE_SECONDS = 3, 1.0
"""A run whose lease was taken over may still be writing its last batch."""


@dataclass(frozen=True)
class Reconciliation:
    """The outcome, with a line for the person who started the stack."""

    done: bool
    line: str


def reconcile(emulator: Emulator, *, stop: UncleanStop, table_name: str, aside: Path) -> Reconciliation:
    """Run cleanup so that table and buckets agree; removed files newer than the last save stay in `aside`."""
    storage, table = emulator.client("s3"), emulator.client("dynamodb")
    folder = aside / f"{stop.last_save:%Y%m%dT%H%M%SZ}"
    try:
        copies = copy_newer(storage, (PRIVATE_BUCKET, PUBLIC_BUCKET), than=stop.last_save, folder=folder)
        report = _report(emulator)
        for _ in range(TRIES):
            if report.get("stopped_because") != "another_run":
                break
            time.sleep(PAUSE_SECONDS)
            report = _report(emulator)
        if report.get("stopped_because") is not None or report.get("failed") != 0:
            reason = report.get("stopped_because") or report.get("errorMessage") or "failed"
            return _unfinished(str(reason), emulator)
        kept_copies = drop_unneeded(
            copies, storage=storage, table=table, table_name=table_name, folder=folder
        )
    except (ClientError, BotoCoreError, ValueError, OSError) as error:
        return _unfinished(str(error), emulator)
    removed = (
        f"{report['orphans'] + report['staged']} objects without a record and {report['dangling']} records"
    )
    line = f"the last stop was not clean: {removed} without their object were removed."
    if kept_copies:
        line += f" {len(kept_copies)} files that are newer than the last save are kept in {folder}."
    return Reconciliation(done=True, line=line)


def _report(emulator: Emulator) -> dict[str, Any]:
    formation = emulator.client("cloudformation")
    resource = formation.describe_stack_resource(StackName=STACK_NAME, LogicalResourceId=FUNCTION)
    patient = Config(read_timeout=LONGEST_SECONDS, retries={"total_max_attempts": 1})
    answer = emulator.client("lambda", config=patient).invoke(
        FunctionName=resource["StackResourceDetail"]["PhysicalResourceId"],
        # The holder of the lease is dead: nothing else can run at a start.
        Payload=json.dumps({"reconcile": True, "take_over": True, "max_deletions": MOST_REMOVALS}),
    )
    report: dict[str, Any] = json.loads(answer["Payload"].read())
    return report


def _unfinished(reason: str, emulator: Emulator) -> Reconciliation:
    return Reconciliation(
        done=False,
        line="the last stop was not clean, and comparing table and buckets did not finish "
        f"({reason}). The next start tries again. See the end of {emulator.log}.",
    )
