"""Schemas of imports: their requests and their answers."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from image_store.domain.images.details import MAX_GROUPS
from image_store.domain.images.image import Visibility
from image_store.entrypoints.http.fields import Groups, Line, Strict
from image_store.entrypoints.http.scalars import Flag, Whole
from image_store.entrypoints.images.attribute_schemas import Tags

MAX_REQUEST_GROUPS = MAX_GROUPS - 1
"""The folder of an image is a group too."""


class ImportRequest(Strict):
    """Images of another store that move here."""

    source: Line = Field(
        min_length=1,
        max_length=64,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
        description="The name of a source in the deployment's secret of imports.",
    )
    owner: Line = Field(min_length=1, max_length=255, description="The owner of all the images.")
    prefix: Line = Field(
        "", max_length=1024, description="Only what begins so, by the ids, names or keys of the source."
    )
    visibility: Visibility | None = Field(
        None,
        description="Of all the images. By default what is public at its source becomes `unlisted`, all else private.",
    )
    groups: Annotated[Groups, Field(description="More groups of every image.")] = Field({})
    tags: Annotated[Tags, Field(description="More tags of every image.")] = Field([])
    redirects: Flag = Field(
        default=False,
        description="Whether the old paths below `/m/` lead to the images while they are published.",
    )
    dry_run: Flag = Field(default=False, description="Only list and count, and estimate the costs.")


class ImportRecordsQuery(Strict):
    """How many records to return, and from where on."""

    limit: Whole = Field(100, ge=1, le=1000)
    cursor: str | None = Field(
        None, min_length=1, max_length=100, description="`next_cursor` of the previous page."
    )


class ImportProgressAnswer(BaseModel):
    """Numbers of images; in a dry run, what they would be."""

    listed: int
    stored: int
    existed: int = Field(description="Imported before, by this import or another.")
    failed: int
    size_bytes: int = Field(description="Of the stored images.")
    unsized: int = Field(description="In a dry run, images whose size the source does not list.")


class ImportFaultAnswer(BaseModel):
    """Why an image was not imported; `source_id` is `source` for an error of the whole source."""

    source_id: str
    code: str
    detail: str


class ImportEstimateAnswer(BaseModel):
    """US dollars without free tiers, by the prices of docs/costs.md."""

    once_usd: float
    monthly_usd: float


class ImportAnswer(BaseModel):
    """The progress of an import; `errors` are the last 50."""

    id: str
    status: Literal["queued", "running", "waiting", "succeeded", "failed", "cancelled"]
    source: str
    owner: str
    dry_run: bool
    progress: ImportProgressAnswer
    estimate: ImportEstimateAnswer | None = Field(description="The costs of what a dry run has listed.")
    waits_until: datetime | None = Field(description="How long the source wants to be left alone.")
    errors: list[ImportFaultAnswer]
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None


class ImportedRecordAnswer(BaseModel):
    """An image of the source and what became of it."""

    source_id: str
    source_url: str | None = Field(description="Its public address at the source.")
    image_id: str | None = Field(description="Null if it failed, or was deleted here.")
    error: ImportFaultAnswer | None


class ImportedRecordsAnswer(BaseModel):
    """Some records of an import, in no particular order."""

    items: list[ImportedRecordAnswer]
    next_cursor: str | None
