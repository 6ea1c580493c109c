"""Schemas of responses about cleanup, migrations, repairs and health."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from image_store.entrypoints.upkeep.migration_schemas import MigrationTable


class CleanupReportAnswer(BaseModel):
    """What a run of cleanup removed, or would remove."""

    id: str
    started_at: datetime
    finished_at: datetime | None
    dry_run: bool
    abandoned: int
    expired: int
    trash: int
    deleted: int
    tombstones: int
    publications: int
    staged: int
    orphans: int
    dangling: int
    renditions_missing: int
    copies_missing: int
    repairs: int
    policies: list[int]
    unknown: int
    bytes_freed: int
    examined: int
    unreadable: int
    failed: int
    stopped_because: Literal["another_run", "deadline", "cap"] | None


class CleanupReportsAnswer(BaseModel):
    """Past runs of cleanup, the newest first, without dry runs."""

    items: list[CleanupReportAnswer]


class MigrationRecordNameAnswer(BaseModel):
    """The record that came with the request."""

    id: str


class MigrationSourceAnswer(BaseModel):
    """Where the records are, as requested."""

    jsonl: str | None = None
    folder: str | None = None
    table: MigrationTable | None = None
    record: MigrationRecordNameAnswer | None = None


class MigrationProgressAnswer(BaseModel):
    """Numbers of records; `total` and `left` are null while the source is being counted."""

    total: int | None
    moved: int
    already_moved: int
    left: int | None
    failed: int


class MigrationErrorAnswer(BaseModel):
    """Why a record was not moved."""

    record: str = Field(description="The place of the record in its source: its line, key or id.")
    record_id: str | None = Field(description="The id of the record, if it could be read.")
    code: str
    detail: str


class MigratedRecordAnswer(BaseModel):
    """A record and the image that it became."""

    record_id: str
    image_id: str


class MigratedRecordsAnswer(BaseModel):
    """Some records of a migration, in no particular order."""

    items: list[MigratedRecordAnswer]
    next_cursor: str | None


class MigrationAnswer(BaseModel):
    """The progress of a migration; `errors` are the last 50."""

    id: str
    status: Literal["queued", "running", "succeeded", "failed"]
    source: MigrationSourceAnswer
    progress: MigrationProgressAnswer
    errors: list[MigrationErrorAnswer]
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None


class RepairProgressAnswer(BaseModel):
    """Numbers of images examined, of files made (in a dry run: missing), and of images that could not be repaired."""

    examined: int
    renditions: int
    copies: int
    originals_missing: int
    failed: int


class RepairErrorAnswer(BaseModel):
    """Why an image could not be repaired."""

    image_id: str
    code: str
    detail: str


class RepairAnswer(BaseModel):
    """The progress of a repair; `errors` are the last 50."""

    id: str
    status: Literal["queued", "running", "succeeded"]
    dry_run: bool
    progress: RepairProgressAnswer
    errors: list[RepairErrorAnswer]
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None


class ComponentAnswer(BaseModel):
    """Whether a part answers."""

    status: Literal["ok", "degraded", "down", "not_configured"]
    detail: str | None


class DeepHealthAnswer(BaseModel):
    """Whether every part answers; the whole has the worst status of them."""

    status: Literal["ok", "degraded", "down"]
    components: dict[str, ComponentAnswer]


class HealthAnswer(BaseModel):
    """Whether the API answers."""

    status: Literal["ok", "degraded", "down"]
