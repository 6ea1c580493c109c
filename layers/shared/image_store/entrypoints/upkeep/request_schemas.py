"""Schemas of requests for cleanup, repairs and backups."""

from typing import Annotated, Literal

from pydantic import Field

from image_store.domain.upkeep.repair import MAX_REPAIR_IDS
from image_store.entrypoints.http.fields import MAX_SAFE_INTEGER, Strict
from image_store.entrypoints.http.scalars import Flag, Whole


class CleanupRequest(Strict):
    """A run of cleanup; a dry run changes nothing."""

    dry_run: Flag = True
    max_deletions: Whole | None = Field(
        None,
        ge=0,
        le=MAX_SAFE_INTEGER,
        description="Replaces the deployment's cap on removals that no due row requests, and lifts the limit of 1 %.",
    )


class RebuildRequest(Strict):
    """What a rebuild from the private bucket may do."""

    dry_run: Flag = Field(default=False, description="Whether to only count what would be rebuilt.")
    include_ended: Flag = Field(
        default=False, description="Whether to rebuild also images that were deleted a short time ago."
    )
    take_over: Flag = Field(
        default=False, description="Whether to end another restore or rebuild that has not ended."
    )


class RestoreRequest(Strict):
    """What to restore from a backup, and how far; images come back private, and nothing that exists is changed."""

    manifest: str | None = Field(
        None,
        max_length=64,
        description="The manifest of the backup, as a run names it; by default the newest that is whole.",
    )
    owner: str | None = Field(
        None, min_length=1, max_length=255, description="Only the images of this owner."
    )
    image_id: str | None = Field(None, max_length=64, description="Only this image.")
    dry_run: Flag = Field(default=False, description="Whether to only count what would be restored.")
    include_ended: Flag = Field(
        default=False, description="Whether to restore also images that were deleted since, or have expired."
    )
    publish: Flag = Field(
        default=False, description="Whether published images are published again, under the same links."
    )
    access: Flag = Field(
        default=False, description="Whether to restore also API keys, shares, webhooks and keys of providers."
    )
    stack: str | None = Field(
        None,
        pattern=r"^[A-Za-z][A-Za-z0-9-]{0,127}$",
        description="The stack whose backup it is, if that is another one.",
    )
    other_key: Flag = Field(
        default=False, description="Whether to restore texts that another KMS key sealed as they are."
    )
    without_sealed: Flag = Field(default=False, description="Whether to leave out sealed texts.")
    take_over: Flag = Field(
        default=False, description="Whether to end another restore or rebuild that has not ended."
    )


class ReportsQuery(Strict):
    """How many reports to return, the newest first."""

    limit: Whole = Field(20, ge=1, le=100)


class RepairRequest(Strict):
    """Which images to repair: the named ones, or all."""

    image_ids: list[Annotated[str, Field(max_length=64)]] | None = Field(
        None, min_length=1, max_length=MAX_REPAIR_IDS, description="By default all images of all owners."
    )
    dry_run: Flag = Field(default=False, description="Whether to only count what is missing.")


class BackupRequest(Strict):
    """What to do with the backup."""

    task: Literal["run", "verify"] = Field(
        "run",
        description="`run` backs up what has changed; `verify` compares the last manifest with the bucket.",
    )
    full: Flag = Field(
        default=False,
        description="For `run`: reads every record again.",
    )
    accept_loss: Whole | None = Field(
        default=None,
        ge=0,
        description="For `run`: how many images may be gone since the last full pass, as counted by a run that ended "
        "with `shrunk`. Implies `full`.",
    )
    deep: Flag = Field(
        default=False, description="For `verify`: reads every byte of the originals in the backup."
    )


class BackupsQuery(Strict):
    """How many runs to return, the newest first."""

    limit: Whole = Field(20, ge=1, le=100)
