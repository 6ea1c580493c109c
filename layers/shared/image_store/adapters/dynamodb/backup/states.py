"""Stores the lease, the state and the jobs of the backup."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from image_store.adapters.dynamodb import backup_keys, schema
from image_store.adapters.dynamodb.items import Item, as_json, parse_time, text_time
from image_store.adapters.dynamodb.leases import LeaseRow
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.adapters.dynamodb.upkeep.steps import IS_NEW, OnSteps, is_at, time_texts, times_of
from image_store.domain.backup.jobs import (
    LONGEST_RUN,
    BackupError,
    BackupJob,
    BackupState,
    BackupStatus,
    BackupTally,
    BackupTask,
    FullPass,
)
from image_store.domain.backup.manifest import BackupFile
from image_store.domain.upkeep.cleanup import Lease
from image_store.ports.backup import BackupStates

JOB_LIFETIME = timedelta(days=90)
_STATE_TIMES = ("created_at", "as_of", "full_at")


class DynamoBackupStates(OnSteps, BackupStates):
    """BackupStates in the one table."""

    def __init__(self, table: DynamoTable) -> None:
        super().__init__(table)
        self._lease = LeaseRow(
            table, backup_keys.LEASE, longest=LONGEST_RUN, refusal="Another run of the backup has taken over."
        )

    def take_lease(self, *, holder: str, at: datetime, until: datetime) -> Lease | None:
        return self._lease.take(holder=holder, at=at, until=until)

    def end_lease(self, lease: Lease) -> None:
        self._lease.end(lease)

    def state(self, *, at: datetime) -> BackupState:
        item = self._job_item(backup_keys.STATE)
        if item is None:
            first = _state_item(BackupState(created_at=at))
            is_created = self._rows.conditional("put_item", Item=first, **IS_NEW) is not None
            item = first if is_created else self._job_item(backup_keys.STATE) or first
        return _state_of(item)

    def known_state(self) -> BackupState | None:
        item = self._job_item(backup_keys.STATE)
        return None if item is None else _state_of(item)

    def save_state(self, state: BackupState, lease: Lease) -> None:
        self._lease.put(_state_item(state), lease)

    def create_job(self, job: BackupJob) -> None:
        self._put_job(_job_item(job), IS_NEW)

    def job(self, job_id: str) -> BackupJob | None:
        item = self._job_item(backup_keys.job(job_id))
        return None if item is None else _job_of(item)

    def save_job(self, after: BackupJob, *, step: int) -> None:
        self._put_job(_job_item(after), is_at(step))

    def jobs(self, *, limit: int) -> Sequence[BackupJob]:
        answer = self._rows.call(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": backup_keys.JOBS}},
            ScanIndexForward=False,
            Limit=limit,
        )
        return list(schema.readable(answer["Items"], _job_of))


def _state_item(state: BackupState) -> Item:
    body = asdict(state)
    for name in _STATE_TIMES:
        body[name] = None if body[name] is None else text_time(body[name])
    return {**backup_keys.STATE, **schema.STAMP, "state": {"S": as_json(body)}}


@schema.reading
def _state_of(item: Item) -> BackupState:
    schema.version_of(item)
    body = json.loads(item["state"]["S"])
    for name in _STATE_TIMES:
        body[name] = None if body[name] is None else parse_time(body[name])
    full = body["full_pass"]
    if full is not None:
        files = {name: tuple(BackupFile(**file) for file in full[name]) for name in ("files", "indexes")}
        body["full_pass"] = FullPass(**full | files)
    return BackupState(**body)


def _job_item(job: BackupJob) -> Item:
    body = asdict(job) | time_texts(job)
    del body["id"], body["step"]
    return {
        **backup_keys.job(job.id),
        **schema.STAMP,
        "step": {"N": str(job.step)},
        "job": {"S": as_json(body)},
        "ttl": {"N": str(int((job.created_at + JOB_LIFETIME).timestamp()))},
    }


@schema.reading
def _job_of(item: Item) -> BackupJob:
    schema.version_of(item)
    body = json.loads(item["job"]["S"])
    errors = tuple(BackupError(**error) for error in body["tally"]["errors"])
    values = {
        "task": BackupTask(body["task"]),
        "status": BackupStatus(body["status"]),
        "tally": BackupTally(**body["tally"] | {"errors": errors}),
    }
    return BackupJob(id=item["sk"]["S"], step=int(item["step"]["N"]), **(body | times_of(body) | values))
