"""What admins ask of cleanup."""

from pydantic import Field

from image_store.entrypoints.schemas.fields import Strict


class CleanupRequest(Strict):
    """A run of cleanup; a dry one changes nothing."""

    dry_run: bool = True
    max_deletions: int | None = Field(
        None,
        ge=0,
        description="Replaces the deployment's cap on what no due row asks to remove, and lifts the bound of 1 %.",
    )


class ReportsQuery(Strict):
    """How many reports are wanted, the newest first."""

    limit: int = Field(20, ge=1, le=100)
