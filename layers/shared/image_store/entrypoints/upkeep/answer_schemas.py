"""Schemas of responses about cleanup, migrations, repairs, backups and health."""

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
    stopped_because: Literal["another_run", "restore", "deadline", "cap"] | None


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


class RecoveryProgressAnswer(BaseModel):
    """Numbers of images and rows, in a dry run those that it would write."""

    images: int = Field(description="Images that were lost and are there again.")
    originals: int = Field(description="Lost originals of images that were there.")
    already_there: int
    ended: int = Field(description="Images that were left out, because they were deleted or have expired.")
    rows: int = Field(description="Rows besides those of images.")
    rows_left_out: int
    failed: int
    repairs: int = Field(description="Images whose renditions or public copies are made again by now.")
    size_bytes: int = Field(description="The bytes of the originals that were stored.")


class RecoveryErrorAnswer(BaseModel):
    """Why an image or a row was not recovered."""

    name: str = Field(description="The image, the object or the row.")
    code: str
    detail: str


class RecoveryAnswer(BaseModel):
    """The progress of a restore or a rebuild; `errors` are the last 50."""

    id: str
    kind: Literal["rebuild", "restore"]
    status: Literal["queued", "running", "succeeded", "failed"]
    dry_run: bool
    manifest: str | None = Field(description="The manifest of the backup that is restored.")
    cleanup_waits: bool = Field(
        description="Whether cleanup waits for 7 days after its end, for the next try."
    )
    progress: RecoveryProgressAnswer
    errors: list[RecoveryErrorAnswer]
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


class BackupProgressAnswer(BaseModel):
    """Numbers of lines written, of originals copied and compared, of objects removed, and of what failed."""

    images: int
    rows: int
    deletions: int
    objects: int
    bytes: int
    verified: int
    removed: int
    failed: int


class BackupErrorAnswer(BaseModel):
    """Why an image, a row or a file could not be backed up or verified."""

    entity: str
    code: str
    detail: str


class BackupAnswer(BaseModel):
    """A run of the backup; `errors` are the last 50."""

    id: str
    task: Literal["run", "verify"]
    status: Literal["queued", "running", "succeeded", "failed"]
    full: bool
    accept_loss: int | None
    deep: bool
    base_images: int | None = Field(description="How many images its full pass has found; null without one.")
    base_images_before: int | None = Field(description="How many the full pass before it has found.")
    manifest: str | None
    progress: BackupProgressAnswer
    stopped_because: str | None
    errors: list[BackupErrorAnswer]
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None


class BackupsAnswer(BaseModel):
    """Runs of the backup, the newest first."""

    items: list[BackupAnswer]
