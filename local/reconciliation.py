"""After a stop that was not clean: bytes are saved at once and metadata by checkpoint, so that they may disagree.

The deployed cleanup compares table and buckets both ways, without a grace. What is newer than the last save is copied
first. Whatever comes of it, the stack starts.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.set_aside import copy_newer, drop_needless
from local.settings import PRIVATE_BUCKET, PUBLIC_BUCKET, STACK_NAME

if TYPE_CHECKING:
    from pathlib import Path

    from local.emulator import Emulator
    from local.state_folder import UncleanStop

FUNCTION = "CleanupFunction"
MOST_REMOVALS = 1_000_000  # a checkpoint that is seconds old explains whatever is found
LONGEST_SECONDS = 900
TRIES, PAUSE_SECONDS = 3, 1.0
"""A run that was taken over may still be writing its last batch."""


@dataclass(frozen=True)
class Reconciliation:
    """The outcome, as one line for the person who started the stack."""

    done: bool
    line: str


def reconcile(emulator: Emulator, *, stop: UncleanStop, table_name: str, aside: Path) -> Reconciliation:
    """Run cleanup so that table and buckets agree; what it removes and is newer than the last save stays in `aside`."""
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
            why = report.get("stopped_because") or report.get("errorMessage") or "failed"
            return _undone(str(why), emulator)
        kept = drop_needless(copies, storage=storage, table=table, table_name=table_name, folder=folder)
    except (ClientError, BotoCoreError, ValueError, OSError) as error:
        return _undone(str(error), emulator)
    removed = (
        f"{report['orphans'] + report['staged']} objects without a record and {report['dangling']} records"
    )
    line = f"the last stop was not a clean one: {removed} without their object were removed."
    if kept:
        line += f" {len(kept)} files that are newer than the last save are kept in {folder}."
    return Reconciliation(done=True, line=line)


def _report(emulator: Emulator) -> dict[str, Any]:
    formation = emulator.client("cloudformation")
    found = formation.describe_stack_resource(StackName=STACK_NAME, LogicalResourceId=FUNCTION)
    patient = Config(read_timeout=LONGEST_SECONDS, retries={"total_max_attempts": 1})
    answer = emulator.client("lambda", config=patient).invoke(
        FunctionName=found["StackResourceDetail"]["PhysicalResourceId"],
        # Whoever held the lease is dead: at a start nobody else can run.
        Payload=json.dumps({"reconcile": True, "take_over": True, "max_deletions": MOST_REMOVALS}),
    )
    report: dict[str, Any] = json.loads(answer["Payload"].read())
    return report


def _undone(why: str, emulator: Emulator) -> Reconciliation:
    return Reconciliation(
        done=False,
        line="the last stop was not a clean one, and comparing table and buckets was not finished "
        f"({why}): the next start tries again; see the end of {emulator.log}.",
    )
