"""Schemas of requests for migrations."""

from typing import Any

from pydantic import Field

from image_store.entrypoints.http.fields import Line, OneOf, Strict
from image_store.entrypoints.http.scalars import Flag, Whole


class MigrationFields(Strict):
    """The names of the fields of a record; a table names its image and its id itself."""

    image: Line = Field(default="image", min_length=1, max_length=255)
    id: Line = Field(default="id", min_length=1, max_length=255)
    owner: Line = Field(default="owner", min_length=1, max_length=255)
    attributes: Line = Field(default="attributes", min_length=1, max_length=255)


class MigrationTable(Strict):
    """An attribute of the table that the parameter MigrationTable names."""

    name: Line = Field(min_length=3, max_length=255)
    attribute: Line = Field(min_length=1, max_length=255)
    id_attribute: Line | None = Field(
        None, min_length=1, max_length=255, description="By default the primary key."
    )


class MigrationRecord(Strict):
    """One record, moved at once."""

    id: Line = Field(min_length=1, max_length=2048)
    owner: Line = Field(min_length=1, max_length=255)
    image: str = Field(min_length=1, description="base64 or a data URI")
    attributes: dict[str, Any] | None = None


class MigrationSourceBody(OneOf):
    """Where the records are: exactly one of these."""

    jsonl: Line | None = Field(
        None,
        max_length=1024,
        pattern="^migrations/.*[^/]$",
        description="Key of an object of JSON lines in the ingest bucket.",
    )
    folder: Line | None = Field(
        None,
        max_length=1024,
        pattern="^migrations/(.*/)?$",
        description="Prefix of the ingest bucket: each object below it is a record, named by its key.",
    )
    table: MigrationTable | None = None
    record: MigrationRecord | None = None


class MigrationRequest(Strict):
    """Records whose pictures become images."""

    source: MigrationSourceBody
    fields: MigrationFields = MigrationFields()
    owner: Line | None = Field(
        None,
        min_length=1,
        max_length=255,
        description="The owner of all the images; by default each record names its own.",
    )
    batch_size: Whole = Field(10, ge=1, le=50, description="Records to move before progress is saved.")
    write_back: Flag = Field(
        default=False,
        description="Write the image's id into the table's record as `{attribute}_image_id`.",
    )


class MigratedRecordQuery(Strict):
    """The record whose picture to return."""

    record: Line = Field(min_length=1, max_length=2048)


class MigratedRecordsQuery(Strict):
    """How many records to return, and from where on."""

    limit: Whole = Field(100, ge=1, le=1000)
    cursor: str | None = Field(
        None, min_length=1, max_length=100, description="`next_cursor` of the previous page."
    )
