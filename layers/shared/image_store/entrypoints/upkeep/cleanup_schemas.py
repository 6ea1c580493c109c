"""What admins ask of cleanup."""

from pydantic import Field

from image_store.entrypoints.http.fields import MAX_SAFE_INTEGER, Strict
from image_store.entrypoints.http.scalars import Flag, Whole


class CleanupRequest(Strict):
    """A run of cleanup; a dry one changes nothing."""

    dry_run: Flag = True
    max_deletions: Whole | None = Field(
        None,
        ge=0,
        le=MAX_SAFE_INTEGER,
        description="Replaces the deployment's cap on what no due row asks to remove, and lifts the bound of 1 %.",
    )


class ReportsQuery(Strict):
    """How many reports are wanted, the newest first."""

    limit: Whole = Field(20, ge=1, le=100)
