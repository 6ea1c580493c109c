"""How the routes of migrations describe themselves."""

from image_store.entrypoints.http.api import operation

BEGIN = operation(
    "Move pictures out of records",
    body="MigrationRequest",
    answers={202: "Migration"},
    problems=(400, 403, 413, 415, 503),
    description="Begins to make images of the pictures in records; see it at `Location`.",
)
SEE = operation(
    "See a migration",
    answers={200: "Migration"},
    problems=(403, 404, 503),
    description="Answers how far a migration has come.",
)
RECORDS = operation(
    "List the images that the records of a migration became",
    query="MigratedRecordsQuery",
    answers={200: "MigratedRecords"},
    problems=(400, 403, 404, 503),
    description="Lists records that are moved, each with the id of its image.",
)
CONTENT = operation(
    "Get the picture of a record, moved or not",
    query="MigratedRecordQuery",
    answers={
        200: "The picture itself, as it is not moved yet; not for JSON lines.",
        302: "The picture is moved, and at Location for a while.",
    },
    media={200: "image/*"},
    problems=(400, 403, 404, 413, 415, 422, 503),
    description="Answers the picture of a record, or redirects to it once it is moved.",
)
