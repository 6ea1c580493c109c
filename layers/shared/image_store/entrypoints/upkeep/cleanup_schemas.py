"""Schemas of requests for cleanup."""

from pydantic import Field

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
