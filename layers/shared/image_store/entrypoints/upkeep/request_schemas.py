"""Schemas of requests for cleanup and repairs."""

from typing import Annotated

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


class ReportsQuery(Strict):
    """How many reports to return, the newest first."""

    limit: Whole = Field(20, ge=1, le=100)


class RepairRequest(Strict):
    """Which images to repair: the named ones, or all."""

    image_ids: list[Annotated[str, Field(max_length=64)]] | None = Field(
        None, min_length=1, max_length=MAX_REPAIR_IDS, description="By default all images of all owners."
    )
    dry_run: Flag = Field(default=False, description="Whether to only count what is missing.")
